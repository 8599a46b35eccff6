import type { TensorInfo } from "@tensorflow/tfjs";
import type { Product } from "../wasm/matMul.ts";
import type { Device, MatrixUnits } from "./device.ts";
import { isFew, multiplyFewRows } from "./fewRows.ts";
import type { Inputs, KernelDefinition } from "./kernel.ts";
import { unitProduct, unitTile } from "./matrixUnits.ts";
import { remembered } from "./shader.ts";
import { elementType, loadBlock, loadTiles, type Operand } from "./tiles.ts";

/** Rows and columns of the result that a workgroup computes. */
export const tiles = [32, 64, 128] as const;
type Tile = (typeof tiles)[number];

/** How much of the operands along k is in the workgroup's memory at once. */
const depth = 16;

/** Workgroups that keep a large GPU busy: a tile is as large as leaves so many. */
const enoughGroups = 256;

const times = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join("\n");

/**
 * A thread computes 4 x 4 values, or 8 x 8 where the tile is large, in registers. The operands come through the workgroup's memory,
 * transposed where they must be, so that all kinds of products read alike.
 */
export const tiled = remembered((tile: Tile, acrossA: boolean, acrossB: boolean, wide: boolean, half: boolean) => {
  const a: Operand = { name: "a", across: acrossA, wide };
  const b: Operand = { name: "b", across: acrossB, wide };
  const vectors = tile / 4;
  const own = tile === 128 ? 2 : 1;
  const side = vectors / own;
  const V = half ? "vec4h" : "vec4f";
  return {
    reads: { a: elementType(a), b: elementType(b), bias: "f32" },
    writes: { c: "f32" },
    given: { m: "u32", n: "u32", k: "u32", biased: "u32" },
    workgroup: [side, side],
    directives: half ? ["enable f16"] : [],
    functions: `
var<workgroup> tile_a: array<array<${V}, ${vectors}>, ${depth}>;
var<workgroup> tile_b: array<array<${V}, ${vectors}>, ${depth}>;
${loadBlock(a)}${loadBlock(b)}
fn store(batch: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= given.m) { return; }
  let to = (batch * given.m + row) * given.n;
  for (var i = 0u; i < 4u && column + i < given.n; i++) {
    var sum = sums[i];
    if (given.biased != 0u) { sum += bias[column + i]; }
    c[to + column + i] = sum;
  }
}`,
    body: `
  let batch = group.z; let row0 = group.y * ${tile}u; let column0 = group.x * ${tile}u;
  ${times(4 * own, (i) => times(own, (j) => `var c${i}_${j} = vec4f();`))}
  for (var k0 = 0u; k0 < given.k; k0 += ${depth}u) {
    ${loadTiles([a, b], { tile, depth, threads: side * side }, (name, k, vector, values) => `tile_${name}[${k}][${vector}] = ${V}(${values});`)}
    for (var k = 0u; k < ${depth}u; k++) {
      ${times(own, (i) => `let a${i} = vec4f(tile_a[k][local.y + ${i * side}u]); let b${i} = vec4f(tile_b[k][local.x + ${i * side}u]);`)}
      ${times(4 * own, (i) => times(own, (j) => `c${i}_${j} = fma(vec4f(a${i >> 2}[${i & 3}]), b${j}, c${i}_${j});`))}
    }
    workgroupBarrier();
  }
  let row = row0 + 4u * local.y; let column = column0 + 4u * local.x;
  ${times(4 * own, (i) => times(own, (j) => `store(batch, row + ${(i >> 2) * 4 * side + (i & 3)}u, column + ${4 * side * j}u, c${i}_${j});`))}`,
  } as const;
});

function tileFor({ batch, m, n }: Product): Tile {
  const groups = (tile: number) => batch * Math.ceil(m / tile) * Math.ceil(n / tile);
  return [...tiles].reverse().find((tile) => groups(tile) >= enoughGroups) ?? 32;
}

/** A product, and what a test may ask for: a tile of its own choice. */
interface Attributes extends Product {
  tile?: Tile;
}

/** c = a·b + bias, on these matrix units if there are any. */
export function multiply(
  device: Device,
  { a, b, bias }: Inputs,
  attributes: Attributes,
  units?: MatrixUnits,
): TensorInfo {
  const { batch, m, n, k, transposeA, transposeB, shape, tile = tileFor(attributes) } = attributes;
  const c = device.output(shape);
  // Without a bias another tensor stands in its place, and is not read.
  const reads = [a!, b!, bias ?? a!] as const;
  const biased = bias !== undefined;
  if (attributes.tile === undefined && isFew(attributes)) {
    multiplyFewRows(device, reads, c, attributes, biased);
    return c;
  }
  const wide = (transposeA ? m : k) % 4 === 0 && (transposeB ? k : n) % 4 === 0;
  const shader = units
    ? unitProduct(units, !transposeA, transposeB, wide)
    : tiled(tile, !transposeA, transposeB, wide, device.halfProducts);
  const side = units ? unitTile : tile;
  const groups = [Math.ceil(n / side), Math.ceil(m / side), batch] as const;
  device.perform({ shader, reads, writes: [c], given: [m, n, k, biased ? 1 : 0], groups });
  return c;
}

const product: KernelDefinition = {
  name: "FlamingoMatMul",
  run: (device, inputs, attributes: Attributes) =>
    multiply(device, inputs, attributes, device.halfProducts ? device.matrixUnits : undefined),
};

export const matMulKernels = [product];
