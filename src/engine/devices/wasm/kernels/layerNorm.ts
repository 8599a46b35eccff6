import { at, endOf, firstOf, integer, float, pointer } from "./control";
import { four, minus, plus, sumOf, times } from "./math";

let mean: f32 = 0; // 0 where the rows are not centred (RMSNorm)
let inverse: f32 = 0; // 1/√(variance + epsilon)

function measure(x: usize, width: i32, epsilon: f32, centred: bool): void {
  const whole = width & ~3;
  mean = centred ? meanOf(x, width) : 0;
  let squares = four(0);
  const centre = four(mean);
  for (let i = 0; i < whole; i += 4) {
    const d = minus(v128.load(at(x, i)), centre);
    squares = plus(squares, times(d, d));
  }
  let square = sumOf(squares);
  for (let i = whole; i < width; i++) {
    const d = load<f32>(at(x, i)) - mean;
    square += d * d;
  }
  inverse = 1 / sqrt<f32>(square / (width as f32) + epsilon);
}

function meanOf(x: usize, width: i32): f32 {
  const whole = width & ~3;
  let sums = four(0);
  for (let i = 0; i < whole; i += 4) sums = plus(sums, v128.load(at(x, i)));
  let sum = sumOf(sums);
  for (let i = whole; i < width; i++) sum += load<f32>(at(x, i));
  return sum / (width as f32);
}

// Arguments: x, weight or 0, bias or 0, y, rows, width, centred; float: epsilon.
export function layerNorm(): void {
  const rows = integer(4), width = integer(5), centred = integer(6) != 0, epsilon = float(0);
  const end = endOf(rows, 1);
  for (let i = firstOf(rows, 1); i < end; i++) {
    const x = at(pointer(0), i * width);
    measure(x, width, epsilon, centred);
    normalize(x, pointer(1), pointer(2), at(pointer(3), i * width), width);
  }
}

function normalize(x: usize, weight: usize, bias: usize, y: usize, width: i32): void {
  const centre = four(mean), factor = four(inverse), whole = width & ~3;
  for (let i = 0; i < whole; i += 4) {
    let v = times(minus(v128.load(at(x, i)), centre), factor);
    if (weight) v = times(v, v128.load(at(weight, i)));
    if (bias) v = plus(v, v128.load(at(bias, i)));
    v128.store(at(y, i), v);
  }
  for (let i = whole; i < width; i++) {
    let v = (load<f32>(at(x, i)) - mean) * inverse;
    if (weight) v *= load<f32>(at(weight, i));
    if (bias) v += load<f32>(at(bias, i));
    store<f32>(at(y, i), v);
  }
}

// With n the normalised x and g = dy·weight: dx = inverse·(g - mean(g) - n·mean(g·n)), without mean(g) where the rows are not
// centred; also dy·n, whose sum over the rows is the weight's gradient.
// Arguments: x, weight or 0, dy, dx or 0, dy·n or 0, rows, width, centred; float: epsilon.
export function layerNormGradient(): void {
  const rows = integer(5), width = integer(6), centred = integer(7) != 0, epsilon = float(0);
  const end = endOf(rows, 1);
  for (let i = firstOf(rows, 1); i < end; i++) {
    const x = at(pointer(0), i * width), dy = at(pointer(2), i * width);
    measure(x, width, epsilon, centred);
    if (pointer(4)) scaleByNormal(x, dy, at(pointer(4), i * width), width);
    if (pointer(3)) inputGradient(x, pointer(1), dy, at(pointer(3), i * width), width, centred);
  }
}

function scaleByNormal(x: usize, dy: usize, to: usize, width: i32): void {
  const centre = four(mean), factor = four(inverse), whole = width & ~3;
  for (let i = 0; i < whole; i += 4) {
    const n = times(minus(v128.load(at(x, i)), centre), factor);
    v128.store(at(to, i), times(v128.load(at(dy, i)), n));
  }
  for (let i = whole; i < width; i++) {
    store<f32>(at(to, i), load<f32>(at(dy, i)) * ((load<f32>(at(x, i)) - mean) * inverse));
  }
}

function inputGradient(x: usize, weight: usize, dy: usize, dx: usize, width: i32, centred: bool): void {
  const centre = four(mean), factor = four(inverse), whole = width & ~3;
  let sums = four(0), products = four(0);
  for (let i = 0; i < whole; i += 4) {
    const n = times(minus(v128.load(at(x, i)), centre), factor);
    let g = v128.load(at(dy, i));
    if (weight) g = times(g, v128.load(at(weight, i)));
    sums = plus(sums, g);
    products = plus(products, times(g, n));
  }
  let sum = sumOf(sums), product = sumOf(products);
  for (let i = whole; i < width; i++) {
    let g = load<f32>(at(dy, i));
    if (weight) g *= load<f32>(at(weight, i));
    sum += g;
    product += g * ((load<f32>(at(x, i)) - mean) * inverse);
  }
  sum = centred ? sum / (width as f32) : 0;
  product /= width as f32;
  for (let i = 0; i < whole; i += 4) {
    const n = times(minus(v128.load(at(x, i)), centre), factor);
    let g = v128.load(at(dy, i));
    if (weight) g = times(g, v128.load(at(weight, i)));
    v128.store(at(dx, i), times(factor, minus(minus(g, four(sum)), times(n, four(product)))));
  }
  for (let i = whole; i < width; i++) {
    let g = load<f32>(at(dy, i));
    if (weight) g *= load<f32>(at(weight, i));
    store<f32>(at(dx, i), inverse * (g - sum - (load<f32>(at(x, i)) - mean) * inverse * product));
  }
}
