import { at, endOf, firstOf, integer, float, ownResults, pointer } from "./control";
import { four, times } from "./math";
import { exponentials, maxOfRow } from "./softmax";

// The host's logarithm, because the library's own would bring tables, and this module may not own any memory.
// @ts-ignore: decorator
@external("env", "log")
declare function log(x: f64): f64;

// The sum of the losses and the number of targets that count, a part for each thread.
// Arguments: logits, targets, rows, vocabulary, ignored target.
export function crossEntropy(): void {
  const width = integer(3), ignored = integer(4);
  let loss: f64 = 0, count: f64 = 0;
  const end = endOf(integer(2), 1);
  for (let i = firstOf(integer(2), 1); i < end; i++) {
    const target = load<i32>(at(pointer(1), i));
    if (target == ignored) continue;
    const row = at(pointer(0), i * width), largest = maxOfRow(row, width);
    const sum = exponentials(row, 0, width, largest) as f64;
    loss += log(sum) + ((largest - load<f32>(at(row, target))) as f64);
    count += 1;
  }
  store<f64>(ownResults(), loss);
  store<f64>(ownResults(), count, 8);
}

// (softmax - one-hot)·factor; zero where the target is ignored. Arguments: logits, targets, gradient, rows, vocabulary,
// ignored target; float: factor.
export function crossEntropyGradient(): void {
  const width = integer(4), ignored = integer(5), factor = float(0);
  const end = endOf(integer(3), 1);
  for (let i = firstOf(integer(3), 1); i < end; i++) {
    const target = load<i32>(at(pointer(1), i)), to = at(pointer(2), i * width);
    if (target == ignored || factor == 0) {
      memory.fill(to, 0, (width as usize) << 2);
      continue;
    }
    const row = at(pointer(0), i * width);
    const part = factor / exponentials(row, to, width, maxOfRow(row, width));
    const whole = width & ~3;
    for (let j = 0; j < whole; j += 4) v128.store(at(to, j), times(v128.load(at(to, j)), four(part)));
    for (let j = whole; j < width; j++) store<f32>(at(to, j), load<f32>(at(to, j)) * part);
    store<f32>(at(to, target), load<f32>(at(to, target)) - factor);
  }
}
