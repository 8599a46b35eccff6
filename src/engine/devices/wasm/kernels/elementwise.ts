import { at, endOf, firstOf, integer, float, ownResults, pointer } from "./control";
import { four, plus, sumOf, times } from "./math";

// Arguments: a, b, y, rows, columns. b has one row, which serves all rows of a.
export function add(): void { combine(false); }
export function multiply(): void { combine(true); }

function combine(product: bool): void {
  const a = pointer(0), b = pointer(1), y = pointer(2), rows = integer(3), columns = integer(4);
  if (rows == 1) {
    const first = firstOf(columns, 16);
    return combineRow(at(a, first), at(b, first), at(y, first), endOf(columns, 16) - first, product);
  }
  const end = endOf(rows, 1);
  for (let i = firstOf(rows, 1); i < end; i++) combineRow(at(a, i * columns), b, at(y, i * columns), columns, product);
}

function combineRow(a: usize, b: usize, y: usize, count: i32, product: bool): void {
  const whole = count & ~3;
  if (product) {
    for (let i = 0; i < whole; i += 4) v128.store(at(y, i), times(v128.load(at(a, i)), v128.load(at(b, i))));
    for (let i = whole; i < count; i++) store<f32>(at(y, i), load<f32>(at(a, i)) * load<f32>(at(b, i)));
  } else {
    for (let i = 0; i < whole; i += 4) v128.store(at(y, i), plus(v128.load(at(a, i)), v128.load(at(b, i))));
    for (let i = whole; i < count; i++) store<f32>(at(y, i), load<f32>(at(a, i)) + load<f32>(at(b, i)));
  }
}

// y = x·factor + offset. Arguments: x, y, count; floats: factor, offset.
export function affine(): void {
  const x = pointer(0), y = pointer(1), factor = float(0), offset = float(1);
  const first = firstOf(integer(2), 16), end = endOf(integer(2), 16), whole = first + ((end - first) & ~3);
  for (let i = first; i < whole; i += 4) {
    v128.store(at(y, i), plus(times(v128.load(at(x, i)), four(factor)), four(offset)));
  }
  for (let i = whole; i < end; i++) store<f32>(at(y, i), load<f32>(at(x, i)) * factor + offset);
}

// y = a + factor·b. Arguments: a, b, y, count; float: factor.
export function addScaled(): void {
  const a = pointer(0), b = pointer(1), y = pointer(2), factor = float(0);
  const first = firstOf(integer(3), 16), end = endOf(integer(3), 16), whole = first + ((end - first) & ~3);
  for (let i = first; i < whole; i += 4) {
    v128.store(at(y, i), plus(v128.load(at(a, i)), times(four(factor), v128.load(at(b, i)))));
  }
  for (let i = whole; i < end; i++) store<f32>(at(y, i), load<f32>(at(a, i)) + factor * load<f32>(at(b, i)));
}

// Σ a·b in double precision over blocks of single precision, a part for each thread. Arguments: a, b, count.
export function dot(): void {
  const a = pointer(0), b = pointer(1);
  const end = endOf(integer(2), 16);
  let total: f64 = 0;
  for (let i = firstOf(integer(2), 16); i < end; ) {
    const stop = min(i + 512, end), whole = i + ((stop - i) & ~3);
    let sum = four(0);
    for (; i < whole; i += 4) sum = plus(sum, times(v128.load(at(a, i)), v128.load(at(b, i))));
    total += sumOf(sum) as f64;
    for (; i < stop; i++) total += (load<f32>(at(a, i)) * load<f32>(at(b, i))) as f64;
  }
  store<f64>(ownResults(), total);
}

// y = Σ over the rows of x. Each thread has columns of its own. Arguments: x, y, rows, columns.
export function sumRows(): void {
  const x = pointer(0), y = pointer(1), rows = integer(2), columns = integer(3);
  const end = endOf(columns, 16);
  let j = firstOf(columns, 16);
  for (; j + 16 <= end; j += 16) {
    let s0 = four(0), s1 = four(0), s2 = four(0), s3 = four(0);
    for (let i = 0, from = at(x, j); i < rows; i++, from = at(from, columns)) {
      s0 = plus(s0, v128.load(from));
      s1 = plus(s1, v128.load(from, 16));
      s2 = plus(s2, v128.load(from, 32));
      s3 = plus(s3, v128.load(from, 48));
    }
    const to = at(y, j);
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; j < end; j++) {
    let sum: f32 = 0;
    for (let i = 0; i < rows; i++) sum += load<f32>(at(x, i * columns + j));
    store<f32>(at(y, j), sum);
  }
}
