import { at } from "./control";
import { exp, four, maxOf, minus, plus, sumOf } from "./math";

// The largest of `count` numbers.
export function maxOfRow(x: usize, count: i32): f32 {
  const whole = count & ~3;
  let largest: f32 = -Infinity;
  if (whole > 0) {
    let m = v128.load(x);
    for (let i = 4; i < whole; i += 4) m = f32x4.max(m, v128.load(at(x, i)));
    largest = maxOf(m);
  }
  for (let i = whole; i < count; i++) largest = max(largest, load<f32>(at(x, i)));
  return largest;
}

// Σ e^(x - largest), and the summands stored to y where there is a y (which may be x). What is -Infinity adds nothing.
export function exponentials(x: usize, y: usize, count: i32, largest: f32): f32 {
  const whole = count & ~3, top = four(largest), lowest = four(-3e38);
  let sums = four(0);
  for (let i = 0; i < whole; i += 4) {
    const v = v128.load(at(x, i));
    const e = v128.andnot(exp(minus(v, top)), f32x4.lt(v, lowest));
    if (y) v128.store(at(y, i), e);
    sums = plus(sums, e);
  }
  let sum = sumOf(sums);
  for (let i = whole; i < count; i++) {
    const v = load<f32>(at(x, i));
    const e: f32 = v < -3e38 ? 0 : f32x4.extract_lane(exp(four(v - largest)), 0);
    if (y) store<f32>(at(y, i), e);
    sum += e;
  }
  return sum;
}
