import { at, endOf, firstOf, integer, pointer } from "./control";
import { plus } from "./math";

// Arguments: table, ids, y, count, width.
export function embed(): void {
  const table = pointer(0), ids = pointer(1), y = pointer(2), width = integer(4);
  const end = endOf(integer(3), 1);
  for (let i = firstOf(integer(3), 1); i < end; i++) {
    memory.copy(at(y, i * width), at(table, load<i32>(at(ids, i)) * width), (width as usize) << 2);
  }
}

// Each thread adds columns of its own, so that no two write to the same place and the order is fixed.
// Arguments: dy, ids, table's gradient, count, width, rows.
export function embedGradient(): void {
  const dy = pointer(0), ids = pointer(1), table = pointer(2), count = integer(3), width = integer(4), rows = integer(5);
  const first = firstOf(width, 16), columns = endOf(width, 16) - first, whole = columns & ~3;
  if (columns == 0) return;
  for (let i = 0; i < rows; i++) memory.fill(at(table, i * width + first), 0, (columns as usize) << 2);
  for (let i = 0; i < count; i++) {
    const to = at(table, load<i32>(at(ids, i)) * width + first), from = at(dy, i * width + first);
    for (let j = 0; j < whole; j += 4) v128.store(at(to, j), plus(v128.load(at(to, j)), v128.load(at(from, j))));
    for (let j = whole; j < columns; j++) store<f32>(at(to, j), load<f32>(at(to, j)) + load<f32>(at(from, j)));
  }
}
