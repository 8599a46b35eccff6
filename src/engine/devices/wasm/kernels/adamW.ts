import { at, endOf, firstOf, integer, float, pointer } from "./control";
import { four, minus, plus, times } from "./math";

// Arguments: value, gradient, m, v, count; floats: clip, beta1, 1 - beta1, beta2, 1 - beta2, epsilon,
// 1/√(1 - beta2ᵗ), rate/(1 - beta1ᵗ), 1 - rate·decay.
export function adamW(): void {
  const value = pointer(0), gradient = pointer(1), m = pointer(2), v = pointer(3);
  const first = firstOf(integer(4), 16), end = endOf(integer(4), 16), whole = first + ((end - first) & ~3);
  const clip = float(0), keepM = float(1), addM = float(2), keepV = float(3), addV = float(4);
  const epsilon = float(5), rootScale = float(6), rate = float(7), shrink = float(8);
  for (let i = first; i < whole; i += 4) {
    const g = times(v128.load(at(gradient, i)), four(clip));
    const nextM = plus(times(v128.load(at(m, i)), four(keepM)), times(g, four(addM)));
    const nextV = plus(times(v128.load(at(v, i)), four(keepV)), times(times(g, g), four(addV)));
    const root = plus(times(f32x4.sqrt(nextV), four(rootScale)), four(epsilon));
    const change = f32x4.div(times(nextM, four(rate)), root);
    v128.store(at(m, i), nextM);
    v128.store(at(v, i), nextV);
    v128.store(at(value, i), minus(times(v128.load(at(value, i)), four(shrink)), change));
  }
  for (let i = whole; i < end; i++) {
    const g = load<f32>(at(gradient, i)) * clip;
    const nextM = load<f32>(at(m, i)) * keepM + g * addM;
    const nextV = load<f32>(at(v, i)) * keepV + g * g * addV;
    store<f32>(at(m, i), nextM);
    store<f32>(at(v, i), nextV);
    const change = (nextM * rate) / (sqrt<f32>(nextV) * rootScale + epsilon);
    store<f32>(at(value, i), load<f32>(at(value, i)) * shrink - change);
  }
}
