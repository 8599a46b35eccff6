// The matrix product of a few rows, as generation makes it token by token: b is read once, where it lies, since packing it
// would cost more than the product.

import { at } from "./control";
import { plus, plusProduct, sumOf } from "./math";

const FEW: i32 = 8;

// Columns that are summed together. What is left at the end of a row is summed one by one, without fused additions: so
// threads share columns in pieces of as many, or the bits would tell where one thread's piece ends.
export const WIDE: i32 = 16;

// Whether a product of m rows is done here: it must not depend on how threads share it, so that bits do not.
// @ts-ignore: decorator
@inline export function isFew(m: i32, aCol: i32, bRow: i32, bCol: i32): bool {
  return m <= FEW && aCol == 1 && (bRow == 1 || bCol == 1);
}

// c (+)= a·b as `gemm` has it, with a's rows and b's rows or columns without gaps.
export function multiplyFewRows(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, b: usize, bRow: i32, bCol: i32, c: usize, cRow: i32, adds: bool,
): void {
  if (bRow == 1) dotColumns(m, n, k, a, aRow, b, bCol, c, cRow, adds);
  else mixRows(m, n, k, a, aRow, b, bRow, c, cRow, adds);
}

// Four columns of b at a time, which stay in the first cache for all rows of a.
function dotColumns(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, b: usize, bCol: i32, c: usize, cRow: i32, adds: bool,
): void {
  const step = (bCol as usize) << 2, fours = n & ~3;
  for (let j = 0; j < fours; j += 4) {
    for (let i = 0; i < m; i++) dotFour(at(a, i * aRow), at(b, j * bCol), step, k, at(c, i * cRow + j), adds);
  }
  for (let j = fours; j < n; j++) {
    for (let i = 0; i < m; i++) {
      const to = at(c, i * cRow + j), sum = dot(at(a, i * aRow), at(b, j * bCol), k);
      store<f32>(to, adds ? load<f32>(to) + sum : sum);
    }
  }
}

// Eight sums, so that no addition waits for the one before it.
function dotFour(a: usize, b0: usize, step: usize, k: i32, c: usize, adds: bool): void {
  const b1 = b0 + step, b2 = b1 + step, b3 = b2 + step;
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let t0 = f32x4.splat(0), t1 = f32x4.splat(0), t2 = f32x4.splat(0), t3 = f32x4.splat(0);
  const eights = ((k & ~7) as usize) << 2, fours = ((k & ~3) as usize) << 2, end = (k as usize) << 2;
  let p: usize = 0;
  for (; p < eights; p += 32) {
    const x = v128.load(a + p), y = v128.load(a + p, 16);
    s0 = plusProduct(s0, x, v128.load(b0 + p));
    s1 = plusProduct(s1, x, v128.load(b1 + p));
    s2 = plusProduct(s2, x, v128.load(b2 + p));
    s3 = plusProduct(s3, x, v128.load(b3 + p));
    t0 = plusProduct(t0, y, v128.load(b0 + p, 16));
    t1 = plusProduct(t1, y, v128.load(b1 + p, 16));
    t2 = plusProduct(t2, y, v128.load(b2 + p, 16));
    t3 = plusProduct(t3, y, v128.load(b3 + p, 16));
  }
  if (p < fours) {
    const x = v128.load(a + p);
    s0 = plusProduct(s0, x, v128.load(b0 + p));
    s1 = plusProduct(s1, x, v128.load(b1 + p));
    s2 = plusProduct(s2, x, v128.load(b2 + p));
    s3 = plusProduct(s3, x, v128.load(b3 + p));
    p += 16;
  }
  let r0 = sumOf(plus(s0, t0)), r1 = sumOf(plus(s1, t1)), r2 = sumOf(plus(s2, t2)), r3 = sumOf(plus(s3, t3));
  for (; p < end; p += 4) {
    const x = load<f32>(a + p);
    r0 += x * load<f32>(b0 + p);
    r1 += x * load<f32>(b1 + p);
    r2 += x * load<f32>(b2 + p);
    r3 += x * load<f32>(b3 + p);
  }
  store<f32>(c, adds ? load<f32>(c) + r0 : r0);
  store<f32>(c, adds ? load<f32>(c, 4) + r1 : r1, 4);
  store<f32>(c, adds ? load<f32>(c, 8) + r2 : r2, 8);
  store<f32>(c, adds ? load<f32>(c, 12) + r3 : r3, 12);
}

function dot(a: usize, b: usize, k: i32): f32 {
  const fours = k & ~3;
  let sums = f32x4.splat(0);
  for (let p = 0; p < fours; p += 4) sums = plusProduct(sums, v128.load(at(a, p)), v128.load(at(b, p)));
  let sum = sumOf(sums);
  for (let p = fours; p < k; p++) sum += load<f32>(at(a, p)) * load<f32>(at(b, p));
  return sum;
}

// Rows of b, each by its number in a's row, summed: sixteen columns at a time.
function mixRows(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, b: usize, bRow: i32, c: usize, cRow: i32, adds: bool,
): void {
  const sixteens = n & ~15, step = (bRow as usize) << 2;
  for (let i = 0; i < m; i++) {
    const row = at(a, i * aRow), end = at(row, k);
    for (let j = 0; j < sixteens; j += 16) {
      const to = at(c, i * cRow + j);
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
      for (let p = row, from = at(b, j); p < end; p += 4, from += step) {
        const x = v128.load_splat<f32>(p);
        s0 = plusProduct(s0, x, v128.load(from));
        s1 = plusProduct(s1, x, v128.load(from, 16));
        s2 = plusProduct(s2, x, v128.load(from, 32));
        s3 = plusProduct(s3, x, v128.load(from, 48));
      }
      v128.store(to, adds ? plus(v128.load(to), s0) : s0);
      v128.store(to, adds ? plus(v128.load(to, 16), s1) : s1, 16);
      v128.store(to, adds ? plus(v128.load(to, 32), s2) : s2, 32);
      v128.store(to, adds ? plus(v128.load(to, 48), s3) : s3, 48);
    }
    for (let j = sixteens; j < n; j++) {
      const to = at(c, i * cRow + j);
      let sum: f32 = adds ? load<f32>(to) : 0;
      for (let p = row, from = at(b, j); p < end; p += 4, from += step) sum += load<f32>(p) * load<f32>(from);
      store<f32>(to, sum);
    }
  }
}
