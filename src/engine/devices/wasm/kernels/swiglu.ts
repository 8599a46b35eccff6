import { at, endOf, firstOf, integer, ownScratch, pointer } from "./control";
import { four, minus, plus, sigmoid, times } from "./math";

// Arguments: gate, up, y, count.
export function swiglu(): void {
  const gate = pointer(0), up = pointer(1), y = pointer(2);
  const first = firstOf(integer(3), 16), end = endOf(integer(3), 16);
  const whole = first + ((end - first) & ~3);
  for (let i = first; i < whole; i += 4) v128.store(at(y, i), valueOf(v128.load(at(gate, i)), v128.load(at(up, i))));
  if (whole < end) {
    const rest = (end - whole) << 2, spare = ownScratch();
    memory.copy(spare, at(gate, whole), rest);
    memory.copy(spare + 16, at(up, whole), rest);
    v128.store(spare, valueOf(v128.load(spare), v128.load(spare, 16)));
    memory.copy(at(y, whole), spare, rest);
  }
}

// Arguments: gate, up, dy, gate's gradient or 0, up's gradient or 0, count.
export function swigluGradient(): void {
  const gate = pointer(0), up = pointer(1), dy = pointer(2), dGate = pointer(3), dUp = pointer(4);
  const first = firstOf(integer(5), 16), end = endOf(integer(5), 16);
  const whole = first + ((end - first) & ~3);
  for (let i = first; i < whole; i += 4) {
    const x = v128.load(at(gate, i)), d = v128.load(at(dy, i)), s = sigmoid(x);
    if (dGate) v128.store(at(dGate, i), times(slopeOf(x, s), times(d, v128.load(at(up, i)))));
    if (dUp) v128.store(at(dUp, i), times(times(x, s), d));
  }
  if (whole < end) {
    const rest = (end - whole) << 2, spare = ownScratch();
    memory.copy(spare, at(gate, whole), rest);
    memory.copy(spare + 16, at(up, whole), rest);
    memory.copy(spare + 32, at(dy, whole), rest);
    const x = v128.load(spare), d = v128.load(spare, 32), s = sigmoid(x);
    v128.store(spare, times(slopeOf(x, s), times(d, v128.load(spare, 16))));
    v128.store(spare + 16, times(times(x, s), d));
    if (dGate) memory.copy(at(dGate, whole), spare, rest);
    if (dUp) memory.copy(at(dUp, whole), spare + 16, rest);
  }
}

// @ts-ignore: decorator
@inline function valueOf(gate: v128, up: v128): v128 { return times(times(gate, sigmoid(gate)), up); }

// The derivative of x·s with s = sigmoid(x): s + x·s·(1 - s).
// @ts-ignore: decorator
@inline function slopeOf(x: v128, s: v128): v128 { return plus(s, times(times(x, s), minus(four(1), s))); }
