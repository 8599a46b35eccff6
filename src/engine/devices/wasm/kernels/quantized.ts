// Products with a quantised matrix, and its rows: a part of the matrix at a time is unpacked to this thread's scratch, and multiplied as any
// other. A product of few rows reads a quarter or an eighth of the memory then, and that is what it waits for.

import { at, endOf, firstOf, integer, ownScratch, pointer } from "./control";
import { isFew, multiplyFewRows, WIDE } from "./fewRows";
import { gemm, GEMM_SCRATCH } from "./gemm";

// Numbers of a row that share a scale.
const GROUP: i32 = 64;

// How much of the matrix is unpacked at a time.
const DEPTH: i32 = 512;
const LINES: i32 = 256;
const FEW_LINES: i32 = WIDE;
export const QUANTIZED_SCRATCH: usize = GEMM_SCRATCH + ((DEPTH * LINES * 4) as usize);

// Arguments: a, values, scales, c, bias or 0, m, rows, columns, bits, whether across.
export function quantizedMatMul(): void {
  if (integer(9)) acrossRows();
  else alongRows();
}

// c[m, rows] = a[m, columns]·Wᵀ. Threads share the rows of W.
function acrossRows(): void {
  const a = pointer(0), c = pointer(3), bias = pointer(4), m = integer(5), rows = integer(6), columns = integer(7);
  const few = isFew(m, 1, 1, columns), lines = few ? FEW_LINES : LINES, end = endOf(rows, WIDE), part = ownScratch() + GEMM_SCRATCH;
  for (let j = firstOf(rows, WIDE); j < end; j += lines) {
    const width = min(lines, end - j), to = at(c, j);
    if (bias) for (let i = 0; i < m; i++) memory.copy(at(to, i * rows), at(bias, j), (width as usize) << 2);
    for (let p = 0; p < columns; p += DEPTH) {
      const depth = min(DEPTH, columns - p), from = at(a, p), adds = bias != 0 || p > 0;
      for (let row = 0; row < width; row++) unpack(at(part, row * depth), pointer(1), pointer(2), j + row, p, depth, columns, integer(8));
      if (few) multiplyFewRows(m, width, depth, from, columns, part, 1, depth, to, rows, adds);
      else gemm(m, width, depth, from, columns, 1, part, 1, depth, to, rows, adds);
    }
  }
}

// c[m, columns] = a[m, rows]·W. Threads share the columns of W, by whole groups.
function alongRows(): void {
  const a = pointer(0), c = pointer(3), m = integer(5), rows = integer(6), columns = integer(7);
  const end = endOf(columns, GROUP), part = ownScratch() + GEMM_SCRATCH;
  for (let j = firstOf(columns, GROUP); j < end; j += LINES) {
    const width = min(LINES, end - j);
    for (let p = 0; p < rows; p += DEPTH) {
      const depth = min(DEPTH, rows - p);
      for (let row = 0; row < depth; row++) unpack(at(part, row * width), pointer(1), pointer(2), p + row, j, width, columns, integer(8));
      gemm(m, width, depth, at(a, p), rows, 1, part, width, 1, at(c, j), columns, p > 0);
    }
  }
}

// Arguments: values, scales, ids, y, count, columns, bits.
export function quantizedRows(): void {
  const ids = pointer(2), y = pointer(3), columns = integer(5), end = endOf(integer(4), 1);
  for (let i = firstOf(integer(4), 1); i < end; i++) {
    unpack(at(y, i * columns), pointer(0), pointer(1), load<i32>(at(ids, i)), 0, columns, columns, integer(6));
  }
}

// Writes `count` numbers of a row as float32, from a column on at which a group begins.
function unpack(
  to: usize, values: usize, scales: usize, row: i32, first: i32, count: i32, columns: i32, bits: i32,
): void {
  const words = (columns * bits + 31) / 32, groups = (columns + GROUP - 1) / GROUP;
  let from = at(values, row * words) + (((first * bits) >> 3) as usize);
  let scale = at(scales, row * groups + first / GROUP);
  const bytes = ((GROUP * bits) >> 3) as usize;
  for (let i = 0; i < count; i += GROUP) {
    unpackGroup(at(to, i), from, load<f32>(scale), min(GROUP, count - i), bits);
    from += bytes;
    scale += 4;
  }
}

function unpackGroup(to: usize, from: usize, scale: f32, count: i32, bits: i32): void {
  const factor = f32x4.splat(scale), sixteens = count & ~15;
  for (let i = 0; i < sixteens; i += 16) {
    storeSixteen(at(to, i), bits == 8 ? v128.load(from + (i as usize)) : nibbles(from + ((i >> 1) as usize)), factor);
  }
  for (let i = sixteens; i < count; i++) {
    const byte = load<i8>(from + (((i * bits) >> 3) as usize)) as i32;
    const whole = bits == 8 ? byte : i & 1 ? byte >> 4 : (byte << 28) >> 28;
    store<f32>(at(to, i), (whole as f32) * scale);
  }
}

// Sixteen numbers of four bits, as bytes with their sign.
// @ts-ignore: decorator
@inline function nibbles(from: usize): v128 {
  const pairs = v128.load64_zero(from);
  return i8x16.shuffle(
    i8x16.shr_s(i8x16.shl(pairs, 4), 4), i8x16.shr_s(pairs, 4), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
  );
}

// @ts-ignore: decorator
@inline function storeSixteen(to: usize, bytes: v128, factor: v128): void {
  const low = i16x8.extend_low_i8x16_s(bytes), high = i16x8.extend_high_i8x16_s(bytes);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), factor), 0);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), factor), 16);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), factor), 32);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), factor), 48);
}
