import type { TensorInfo } from "@tensorflow/tfjs";
import { type Bits, groupsInRow, wordsInRow } from "../../../core/quantization.ts";
import { matMulOp, type Product } from "../../ops/matMul.ts";
import type { Device, MatrixUnits } from "./device.ts";
import { isFew, multiplyFewRows } from "./fewRows.ts";
import { kernel } from "./kernel.ts";
import { unitProduct, unitTile } from "./matrixUnits.ts";
import { type RowRange, rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";
import { elementType, given, loadBlock, loadTiles, type Operand, store } from "./tiles.ts";
import { unpack } from "./unpack.ts";

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
export const tiled = remembered(
  (tile: Tile, acrossA: boolean, acrossB: boolean, wide: boolean, half: boolean, bits: Bits | 0) => {
    const a: Operand = { name: "a", across: acrossA, wide };
    const b: Operand = { name: "b", across: acrossB, wide, bits: bits || undefined };
    const vectors = tile / 4;
    const own = tile === 128 ? 2 : 1;
    const side = vectors / own;
    const V = half ? "vec4h" : "vec4f";
    return {
      reads: { a: elementType(a), b: elementType(b), bias: "f32", ...(bits && { scales: "f32" }) },
      writes: { c: "f32" },
      given,
      workgroup: [side, side],
      directives: half ? ["enable f16"] : [],
      functions: `
var<workgroup> tile_a: array<array<${V}, ${vectors}>, ${depth}>;
var<workgroup> tile_b: array<array<${V}, ${vectors}>, ${depth}>;
${bits ? unpack("b", bits) : ""}${loadBlock(a)}${loadBlock(b)}${store}
fn store_row(batch: u32, row: u32, column: u32, sums: vec4f) {
  for (var i = 0u; i < 4u; i++) { store(batch, row, column + i, sums[i]); }
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
  ${times(4 * own, (i) => times(own, (j) => `store_row(batch, row + ${(i >> 2) * 4 * side + (i & 3)}u, column + ${4 * side * j}u, c${i}_${j});`))}`,
    } as const;
  },
);

function tileFor(batch: number, m: number, n: number): Tile {
  const groups = (tile: number) => batch * Math.ceil(m / tile) * Math.ceil(n / tile);
  return [...tiles].reverse().find((tile) => groups(tile) >= enoughGroups) ?? 32;
}

interface Inputs {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
  readonly bias?: TensorInfo;
  /** Of a quantised `b`. */
  readonly scales?: TensorInfo;
}

/** A product, and what a test may ask for: a tile of its own choice. */
interface Attributes extends Product {
  tile?: Tile;
  /** Of a quantised `b`, which the axis that lies in its rows is told by `transposeB`. */
  bits?: Bits;
}

/**
 * c = a·b + bias, on these matrix units if there are any. A matrix that the GPU cannot bind is divided into ranges of its rows: those of the result
 * are computed one after the other, and ranges along k are added up.
 */
export function multiply(device: Device, inputs: Inputs, attributes: Attributes, units?: MatrixUnits): TensorInfo {
  const { batch, m, n, k, transposeA, transposeB, shape, tile } = attributes;
  const c = device.output(shape);
  if (tile === undefined && isFew(attributes)) {
    multiplyFewRows(device, inputs, c, attributes);
    return c;
  }
  const whole = batch > 1;
  const all = (count: number) => [{ first: 0, count }];
  const rows = whole ? all(m) : rowRanges(device, m, transposeA ? [n] : [n, k]);
  const columns = whole || !transposeB ? all(n) : rowRanges(device, n, [k]);
  const alongK = [...(transposeA ? [m] : []), ...(transposeB ? [] : [n])];
  const inner = whole || alongK.length === 0 ? all(k) : rowRanges(device, k, alongK);
  for (const row of rows)
    for (const column of columns)
      for (const depth of inner) multiplyRange(device, { ...inputs, c }, attributes, { row, column, depth }, units);
  return c;
}

/** Which rows and columns of the result, and which part of k. */
interface ProductRange {
  row: RowRange;
  column: RowRange;
  depth: RowRange;
}

function multiplyRange(
  device: Device,
  { a, b, bias, scales, c }: Inputs & { readonly c: TensorInfo },
  { batch, m, n, k, transposeA, transposeB, tile, bits }: Attributes,
  { row, column, depth }: ProductRange,
  units?: MatrixUnits,
): void {
  const [lengthA, lengthB] = [transposeA ? m : k, transposeB ? k : n];
  const bind = (tensor: TensorInfo, range: RowRange, length: number) =>
    batch > 1 ? tensor : rowsOf(tensor, range, length);
  const [lineA, atA] = transposeA ? [depth, row] : [row, depth];
  const [lineB, atB] = transposeB ? [column, depth] : [depth, column];
  const boundA = bind(a, lineA, lengthA);
  const biased = bias !== undefined && depth.first === 0;
  const wide = lengthA % 4 === 0 && (bits !== undefined || lengthB % 4 === 0);
  const lengthOfB = bits ? wordsInRow(lengthB, bits) : lengthB;
  const side = units ? unitTile : (tile ?? tileFor(batch, row.count, column.count));
  device.perform({
    shader: units
      ? unitProduct(units, !transposeA, transposeB, wide)
      : tiled(side, !transposeA, transposeB, wide, device.halfProducts, bits ?? 0),
    // Without a bias another tensor is bound in its place, and not read.
    reads: [
      ...[boundA, bind(b, lineB, lengthOfB), biased ? rowsOf(bias, column, 1) : boundA],
      ...(scales ? [rowsOf(scales, lineB, groupsInRow(lengthB))] : []),
    ],
    writes: [bind(c, row, n)],
    given: [
      ...[row.count, column.count, depth.count, biased ? 1 : 0, depth.first > 0 ? 1 : 0],
      ...[atA.first, lengthA, atB.first, lengthB, column.first, n],
    ],
    groups: [Math.ceil(column.count / side), Math.ceil(row.count / side), batch],
  });
}

export const matMulKernels = [
  kernel(matMulOp, (device, inputs, attributes) =>
    multiply(device, inputs, attributes, device.halfProducts ? device.matrixUnits : undefined),
  ),
];
