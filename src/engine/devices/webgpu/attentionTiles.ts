import type { TensorInfo } from "@tensorflow/tfjs";
import type { AttentionAttributes } from "../../ops/attention.ts";

/**
 * Attention by tiles: a workgroup of 16 x 16 threads holds `tileRows` positions of one side (queries, or keys) and goes through the other side,
 * `tileColumns` positions at a time. A thread has four rows and two columns of the scores, and four rows of the result. The scores of a tile
 * are in the workgroup's memory and never anywhere else. Source of the idea: Dao et al. 2022, arXiv:2205.14135.
 */
export const tileRows = 64;
export const tileColumns = 32;
export const workgroup = [16, 16] as const;

/** What makes a shader of its own: how many parts of a row a thread has, and how many fours of slopes there are. */
export type Kind = [parts: number, fours: number];

interface Inputs {
  readonly query: TensorInfo;
  readonly key: TensorInfo;
  readonly mask?: TensorInfo;
}

/** A side's tensors have shape [batch, length, heads·depth]; of the keys' `room` positions, the first `keys` count. */
export const given = {
  queries: "u32",
  keys: "u32",
  room: "u32",
  heads: "u32",
  depth: "u32",
  groups: "u32",
  causal: "u32",
  masked: "u32",
  uniform: "u32",
  scale: "f32",
} as const;

/** What the kernels are started with. Without a mask another tensor is bound in its place, and is not read. */
export function settle(
  { query, key, mask }: Inputs,
  { heads, scale, causal, emptyRows, keys, slopes }: AttentionAttributes,
) {
  const [batch, queries, width] = query.shape as [number, number, number];
  const depth = width / heads;
  const kind: Kind = [Math.ceil(depth / 16), Math.ceil(heads / 4)];
  const list = Array.from({ length: 4 * kind[1] }, (_, head) => slopes?.[head] ?? 0);
  const switches = [causal, mask !== undefined, emptyRows === "uniform"].map(Number);
  const given = [...list, queries, keys, key.shape[1]!, heads, depth, mask?.shape[2] ?? 1, ...switches, scale];
  return { kind, given, mask: mask ?? query, batch, queries };
}

/** A score that no score reaches: the key is hidden. */
export const hidden = "-3e38";

/** WGSL: which keys a query sees, scores, and where vectors start. `group.y` has the number of the batch element and of the head. */
export const scoring = `
fn sees(batch: u32, query: u32, key: u32) -> bool {
  if (query >= given.queries || key >= given.keys) { return false; }
  if (given.causal != 0u && key + given.queries > query + given.keys) { return false; }
  if (given.masked == 0u) { return true; }
  return mask[(batch * given.queries + query) * given.groups + key / (given.keys / given.groups)] != 0;
}
fn score(batch: u32, head: u32, query: u32, key: u32, product: f32) -> f32 {
  if (!sees(batch, query, key)) { return ${hidden}; }
  let distance = i32(query + given.keys) - i32(given.queries + key);
  return product * given.scale - given.list[head / 4u][head % 4u] * f32(distance);
}
fn start_of_query(batch: u32, head: u32, query: u32) -> u32 {
  return ((batch * given.queries + query) * given.heads + head) * given.depth;
}
fn start_of_key(batch: u32, head: u32, key: u32) -> u32 {
  return ((batch * given.room + key) * given.heads + head) * given.depth;
}`;

type Side = "query" | "key";

const countOf = (side: Side) => (side === "query" ? "given.queries" : "given.keys");

/** WGSL: the workgroup's memory for `productsOf`. */
export const stage = `
var<workgroup> stage_rows: array<array<vec4f, 16>, 16>;
var<workgroup> stage_columns: array<array<vec2f, 16>, 16>;`;

/**
 * WGSL of `NAME(batch, head, row0, column0, local, lane)`: the products of a tile's rows with its columns, over the depth of a head. A thread gets
 * those of rows 4·local.y + (0..3) with columns 2·local.x + (0..1): a column of the matrix for each.
 */
export function productsOf(
  name: string,
  rows: { tensor: string; side: Side },
  columns: { tensor: string; side: Side },
): string {
  const read = ({ tensor, side }: typeof rows, position: string) =>
    `if (${position} < ${countOf(side)} && d < given.depth) { values[i] = ${tensor}[start_of_${side}(batch, head, ${position}) + d]; }`;
  return `
fn ${name}(batch: u32, head: u32, row0: u32, column0: u32, local: vec3u, lane: u32) -> mat2x4f {
  var sums = mat2x4f();
  for (var d0 = 0u; d0 < given.depth; d0 += 16u) {
    let d = d0 + lane % 16u;
    {
      var values = vec4f();
      for (var i = 0u; i < 4u; i++) { let position = row0 + 4u * (lane / 16u) + i; ${read(rows, "position")} }
      stage_rows[lane % 16u][lane / 16u] = values;
    }
    {
      var values = vec2f();
      for (var i = 0u; i < 2u; i++) { let position = column0 + 2u * (lane / 16u) + i; ${read(columns, "position")} }
      stage_columns[lane % 16u][lane / 16u] = values;
    }
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
      sums[0] = fma(stage_rows[i][local.y], vec4f(stage_columns[i][local.x].x), sums[0]);
      sums[1] = fma(stage_rows[i][local.y], vec4f(stage_columns[i][local.x].y), sums[1]);
    }
    workgroupBarrier();
  }
  return sums;
}`;
}

/** WGSL: what each thread found about its four rows, [local.x][local.y]: memory in which the threads of a row see what the others found. */
export const overRows = (name: string) => `var<workgroup> ${name}: array<array<vec4f, 16>, 16>;`;

/**
 * WGSL: a tile of the workgroup's memory, [column][four rows]. A thread writes its four rows at once: a part of a vector may not be written
 * while another thread has the vector, because that may touch all of it.
 */
export const tileOf = (name: string) => `var<workgroup> ${name}: array<array<vec4f, ${tileRows / 4}>, ${tileColumns}>;`;

/** A thread's part of the result: four rows, every sixteenth channel of the head. */
export function parts(
  [count]: Kind,
  line: (part: string, channel: string, at: number) => string,
): (name: string) => string {
  const numbers = Array.from({ length: count }, (_, at) => at);
  return (name) => numbers.map((at) => line(`${name}${at}`, `(local.x + ${16 * at}u)`, at)).join("\n");
}

/** WGSL: part += tile · tensor, over the columns of a tile that begins at `column0`. */
export function addProducts(kind: Kind, name: string, tile: string, tensor: string, side: Side): string {
  return `
    for (var i = 0u; i < ${tileColumns}u && column0 + i < ${countOf(side)}; i++) {
      let start = start_of_${side}(batch, head, column0 + i);
      ${parts(kind, (part, channel) => `if (${channel} < given.depth) { ${part} = fma(${tile}[i][local.y], vec4f(${tensor}[start + ${channel}]), ${part}); }`)(name)}
    }`;
}

/**
 * WGSL of the same sum of values by their weights, in which a query takes part in no value that it does not see: a weight of 0 times NaN is
 * NaN, and times infinity as well.
 */
export function addSeenValues(kind: Kind, name: string, tile: string, tensor: string): string {
  const add = (part: string, channel: string) => `if (${channel} < given.depth) {
        let v = ${tensor}[start + ${channel}];
        let next = fma(${tile}[i][local.y], vec4f(v), ${part});
        if (is_finite(v)) { ${part} = next; }
        else { ${part} = select(${part}, next, rows_that_see(batch, row0 + 4u * local.y, column0 + i)); }
      }`;
  return `
    for (var i = 0u; i < ${tileColumns}u && column0 + i < given.keys; i++) {
      let start = start_of_key(batch, head, column0 + i);
      ${parts(kind, add)(name)}
    }`;
}

/** WGSL of what `addSeenValues` calls, beside `scoring`. */
export const seeing = `
fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
fn rows_that_see(batch: u32, query: u32, key: u32) -> vec4<bool> {
  return vec4<bool>(sees(batch, query, key), sees(batch, query + 1u, key), sees(batch, query + 2u, key), sees(batch, query + 3u, key));
}`;

/** WGSL: writes parts, each row times a factor. */
export function storeParts(kind: Kind, name: string, tensor: string, side: Side, factor = "1.0"): string {
  return `
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + 4u * local.y + i;
    if (row >= ${countOf(side)}) { continue; }
    let to = start_of_${side}(batch, head, row);
    ${parts(kind, (part, channel) => `if (${channel} < given.depth) { ${tensor}[to + ${channel}] = ${part}[i] * ${factor}; }`)(name)}
  }`;
}

export const declareParts = (kind: Kind, name: string) => parts(kind, (part) => `var ${part} = vec4f();`)(name);

/** WGSL: the batch element, the head, and the first row of this workgroup. */
export const whereabouts = `
  let batch = group.y / given.heads; let head = group.y % given.heads; let row0 = group.x * ${tileRows}u;`;

/** WGSL: `end`, from which on no query of the tile sees a key. */
export const endOfKeys = `
  var end = given.keys;
  if (given.causal != 0u) { end = u32(clamp(i32(row0 + ${tileRows}u + given.keys) - i32(given.queries), 0, i32(given.keys))); }`;
