// Functions of four numbers at once.

// @ts-ignore: decorator
@inline export function four(x: f32): v128 { return f32x4.splat(x); }
// @ts-ignore: decorator
@inline export function plus(x: v128, y: v128): v128 { return f32x4.add(x, y); }
// @ts-ignore: decorator
@inline export function minus(x: v128, y: v128): v128 { return f32x4.sub(x, y); }
// @ts-ignore: decorator
@inline export function times(x: v128, y: v128): v128 { return f32x4.mul(x, y); }

// sum + x·y: rounded once where this build has fused multiply-add, else twice.
// @ts-ignore: decorator
@inline export function plusProduct(sum: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
  return plus(sum, times(x, y));
}

// @ts-ignore: decorator
@inline export function sumOf(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

// @ts-ignore: decorator
@inline export function maxOf(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

// eˣ = 2ⁿ·eʳ with n the nearest integer to x/ln 2, |r| <= ln 2/2, and Taylor's polynomial of degree 7 for eʳ, whose error
// is 5e-9. The exponent is cut to [-87.3, 88.3], where the result is still normal.
// @ts-ignore: decorator
@inline export function exp(x: v128): v128 {
  const cut = f32x4.pmin(f32x4.pmax(x, four(-87.3)), four(88.3));
  // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
  const shifted = plusProduct(four(12582912), cut, four(1.4426950408889634));
  const n = minus(shifted, four(12582912));
  const r = plusProduct(plusProduct(cut, n, four(-0.693359375)), n, four(2.12194440e-4));
  let p = plusProduct(four(1.0 / 720), four(1.0 / 5040), r);
  p = plusProduct(four(1.0 / 120), p, r);
  p = plusProduct(four(1.0 / 24), p, r);
  p = plusProduct(four(1.0 / 6), p, r);
  p = plusProduct(four(0.5), p, r);
  p = plus(plusProduct(r, times(p, r), r), four(1));
  return times(p, i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23)));
}

// @ts-ignore: decorator
@inline export function sigmoid(x: v128): v128 {
  return f32x4.div(four(1), plus(four(1), exp(f32x4.neg(x))));
}

// Odd polynomial up to 0.625, beyond it 1 - 2/(e²ˣ + 1).
// @ts-ignore: decorator
@inline export function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const square = times(x, x);
  let p = plusProduct(four(0.0206505317), four(-0.005716975995), square);
  p = plusProduct(four(-0.053743483), p, square);
  p = plusProduct(four(0.1333149113), p, square);
  p = plusProduct(four(-0.3333328392), p, square);
  const near = plusProduct(x, times(x, square), p);
  const far = minus(four(1), f32x4.div(four(2), plus(exp(plus(size, size)), four(1))));
  const signed = v128.or(far, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(near, signed, f32x4.lt(size, four(0.625)));
}

// The normal distribution's density at x.
// @ts-ignore: decorator
@inline export function density(x: v128): v128 {
  return times(exp(times(times(x, x), four(-0.5))), four(0.3989422804014327));
}

// The normal distribution's mass below x, given its density there: e^(-z²/2)·Q(1/(1 + 0.26z)) is the mass below -z. Q is a
// least-maximum fit with a relative error of 2e-8, so that the tail keeps its digits.
// @ts-ignore: decorator
@inline export function massBelow(x: v128, densityThere: v128): v128 {
  const t = f32x4.div(four(1), plus(four(1), times(four(0.26), f32x4.abs(x))));
  let q = plusProduct(four(-0.1555740915), four(0.03106599946), t);
  q = plusProduct(four(0.2572099144), q, t);
  q = plusProduct(four(-0.1575595295), q, t);
  q = plusProduct(four(0.1655761343), q, t);
  q = plusProduct(four(0.04902208689), q, t);
  q = plusProduct(four(0.103554585), q, t);
  q = plusProduct(four(0.1029412522), q, t);
  q = plusProduct(four(0.1037636394), q, t);
  const tail = times(times(times(q, t), densityThere), four(2.5066282746310002));
  return v128.bitselect(tail, minus(four(1), tail), f32x4.lt(x, four(0)));
}
