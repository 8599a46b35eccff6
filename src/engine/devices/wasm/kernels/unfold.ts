import { at, endOf, firstOf, integer, pointer } from "./control";
import { plus } from "./math";

// Arguments of both: image, patches, batch, height, width, channels, kernel, stride, padding, rows, columns.

export function unfold(): void {
  const rows = integer(9), end = endOf(integer(2) * rows, 1);
  for (let row = firstOf(integer(2) * rows, 1); row < end; row++) walk(row / rows, row % rows, false);
}

// Patches overlap, so an image belongs to one thread.
export function fold(): void {
  const size = integer(3) * integer(4) * integer(5), end = endOf(integer(2), 1);
  for (let image = firstOf(integer(2), 1); image < end; image++) {
    memory.fill(at(pointer(0), image * size), 0, (size as usize) << 2);
    for (let row = 0; row < integer(9); row++) walk(image, row, true);
  }
}

// One row of patches of one image: copied out of the image, or added back into it.
function walk(image: i32, row: i32, back: bool): void {
  const height = integer(3), width = integer(4), channels = integer(5), kernel = integer(6), stride = integer(7);
  const columns = integer(10), line = kernel * channels;
  let patch = at(pointer(1), (image * integer(9) + row) * columns * kernel * line);
  for (let column = 0; column < columns; column++) {
    const left = column * stride - integer(8);
    const from = max(0, -left), count = min(kernel, width - left) - from;
    for (let i = 0; i < kernel; i++, patch = at(patch, line)) {
      const y = row * stride - integer(8) + i;
      if (y < 0 || y >= height || count <= 0) {
        if (!back) memory.fill(patch, 0, (line as usize) << 2);
        continue;
      }
      const pixels = at(pointer(0), ((image * height + y) * width + left + from) * channels);
      if (back) addTo(pixels, at(patch, from * channels), count * channels);
      else copyLine(patch, pixels, from * channels, count * channels, line);
    }
  }
}

function copyLine(to: usize, pixels: usize, before: i32, count: i32, line: i32): void {
  if (before > 0) memory.fill(to, 0, (before as usize) << 2);
  memory.copy(at(to, before), pixels, (count as usize) << 2);
  if (before + count < line) memory.fill(at(to, before + count), 0, ((line - before - count) as usize) << 2);
}

function addTo(to: usize, from: usize, count: i32): void {
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) v128.store(at(to, i), plus(v128.load(at(to, i)), v128.load(at(from, i))));
  for (let i = whole; i < count; i++) store<f32>(at(to, i), load<f32>(at(to, i)) + load<f32>(at(from, i)));
}
