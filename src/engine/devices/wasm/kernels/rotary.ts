import { at, endOf, firstOf, integer, pointer } from "./control";
import { four, minus, plus, times } from "./math";

// Turns the halves of each head's channels, pair by pair. A row of `turns` has a place's cosines and then its sines.
// Arguments: x, turns, y, rows, places, heads, channels of a head, whether back.
export function rotate(): void {
  const rows = integer(3), places = integer(4), heads = integer(5), dim = integer(6);
  const half = dim / 2, whole = half & ~3;
  const sign: f32 = integer(7) != 0 ? -1 : 1;
  const end = endOf(rows, 1);
  for (let i = firstOf(rows, 1); i < end; i++) {
    const cosines = at(pointer(1), (i % places) * dim), sines = at(cosines, half);
    for (let head = 0; head < heads; head++) {
      const from = (i * heads + head) * dim;
      const first = at(pointer(0), from), second = at(first, half);
      const toFirst = at(pointer(2), from), toSecond = at(toFirst, half);
      for (let j = 0; j < whole; j += 4) {
        const a = v128.load(at(first, j)), b = v128.load(at(second, j));
        const c = v128.load(at(cosines, j)), s = times(four(sign), v128.load(at(sines, j)));
        v128.store(at(toFirst, j), minus(times(a, c), times(b, s)));
        v128.store(at(toSecond, j), plus(times(b, c), times(a, s)));
      }
      for (let j = whole; j < half; j++) {
        const a = load<f32>(at(first, j)), b = load<f32>(at(second, j));
        const c = load<f32>(at(cosines, j)), s = sign * load<f32>(at(sines, j));
        store<f32>(at(toFirst, j), a * c - b * s);
        store<f32>(at(toSecond, j), b * c + a * s);
      }
    }
  }
}
