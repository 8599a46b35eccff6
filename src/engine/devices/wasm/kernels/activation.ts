import { at, endOf, firstOf, integer, ownScratch, pointer } from "./control";
import { density, four, massBelow, minus, plus, sigmoid, tanh, times } from "./math";

const GELU: i32 = 0;
const QUICK_GELU: i32 = 1;
const SQUARED_RELU: i32 = 2;
const SILU: i32 = 3;
const RELU: i32 = 5;
const GELU_TANH: i32 = 6;

// Arguments: x, y, count, activation.
export function activate(): void {
  const x = pointer(0), y = pointer(1), kind = integer(3);
  const first = firstOf(integer(2), 16), end = endOf(integer(2), 16);
  const whole = first + ((end - first) & ~3);
  for (let i = first; i < whole; i += 4) v128.store(at(y, i), valueOf(kind, v128.load(at(x, i))));
  if (whole < end) {
    const rest = (end - whole) << 2, spare = ownScratch();
    memory.copy(spare, at(x, whole), rest);
    v128.store(spare, valueOf(kind, v128.load(spare)));
    memory.copy(at(y, whole), spare, rest);
  }
}

// Arguments: x, dy, dx, count, activation.
export function activateGradient(): void {
  const x = pointer(0), dy = pointer(1), dx = pointer(2), kind = integer(4);
  const first = firstOf(integer(3), 16), end = endOf(integer(3), 16);
  const whole = first + ((end - first) & ~3);
  for (let i = first; i < whole; i += 4) {
    v128.store(at(dx, i), times(slopeOf(kind, v128.load(at(x, i))), v128.load(at(dy, i))));
  }
  if (whole < end) {
    const rest = (end - whole) << 2, spare = ownScratch();
    memory.copy(spare, at(x, whole), rest);
    memory.copy(spare + 16, at(dy, whole), rest);
    v128.store(spare, times(slopeOf(kind, v128.load(spare)), v128.load(spare, 16)));
    memory.copy(at(dx, whole), spare, rest);
  }
}

// @ts-ignore: decorator
@inline function valueOf(kind: i32, x: v128): v128 {
  if (kind == GELU) return times(x, massBelow(x, density(x)));
  if (kind == QUICK_GELU) return times(x, sigmoid(times(x, four(1.702))));
  if (kind == SILU) return times(x, sigmoid(x));
  if (kind == SQUARED_RELU) {
    const positive = f32x4.max(x, four(0));
    return times(positive, positive);
  }
  if (kind == RELU) return f32x4.max(x, four(0));
  if (kind == GELU_TANH) return times(x, sigmoid(geluExponent(x)));
  return tanh(x);
}

// @ts-ignore: decorator
@inline function slopeOf(kind: i32, x: v128): v128 {
  if (kind == GELU) {
    const d = density(x);
    return plus(massBelow(x, d), times(x, d));
  }
  if (kind == QUICK_GELU) return sigmoidSlope(x, 1.702);
  if (kind == SILU) return sigmoidSlope(x, 1);
  if (kind == SQUARED_RELU) return times(four(2), f32x4.max(x, four(0)));
  if (kind == RELU) return v128.and(four(1), f32x4.gt(x, four(0)));
  if (kind == GELU_TANH) {
    // With g the exponent: s + x·g'·s·(1 - s), and x·g' = 2√(2/π)·(x + 3·0.044715·x³).
    const s = sigmoid(geluExponent(x));
    const rise = times(times(x, four(1.5957691216057308)), plus(four(1), times(four(0.134145), times(x, x))));
    return plus(s, times(times(rise, s), minus(four(1), s)));
  }
  const t = tanh(x);
  return minus(four(1), times(t, t));
}

// 2√(2/π)·(x + 0.044715·x³): (1 + tanh(g/2))/2 is sigmoid(g).
// @ts-ignore: decorator
@inline function geluExponent(x: v128): v128 {
  return times(times(x, four(1.5957691216057308)), plus(four(1), times(four(0.044715), times(x, x))));
}

// The derivative of x·sigmoid(c·x): s + c·x·s·(1 - s).
// @ts-ignore: decorator
@inline function sigmoidSlope(x: v128, c: f32): v128 {
  const s = sigmoid(times(x, four(c)));
  return plus(s, times(times(times(x, four(c)), s), minus(four(1), s)));
}
