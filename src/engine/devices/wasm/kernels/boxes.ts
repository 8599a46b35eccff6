import { endOf, firstOf, integer, pointer } from "./control";

// Copies a box out of one array into a place in another. The innermost axes that are contiguous in both are one run of
// bytes; up to six axes remain outside it. Arguments: from, to, bytes of a run, axes, then for each axis: size, step in the
// source, step in the target, in bytes.
export function copyBox(): void {
  const run = integer(2), axes = integer(3);
  let count = 1;
  for (let axis = 0; axis < axes; axis++) count *= integer(4 + 3 * axis);
  const end = endOf(count, 1);
  for (let i = firstOf(count, 1); i < end; i++) {
    let from = pointer(0), to = pointer(1);
    for (let axis = axes - 1, rest = i; axis >= 0; axis--) {
      const size = integer(4 + 3 * axis), place = rest % size;
      from += (place * integer(5 + 3 * axis)) as usize;
      to += (place * integer(6 + 3 * axis)) as usize;
      rest /= size;
    }
    copyRun(to, from, run);
  }
}

// Calls out for a long run only: a call costs more than copying a few numbers.
function copyRun(to: usize, from: usize, bytes: i32): void {
  if (bytes > 256) {
    memory.copy(to, from, bytes);
    return;
  }
  const end = from + (bytes as usize);
  for (; from + 16 <= end; from += 16, to += 16) v128.store(to, v128.load(from));
  for (; from + 4 <= end; from += 4, to += 4) store<u32>(to, load<u32>(from));
  for (; from < end; from++, to++) store<u8>(to, load<u8>(from));
}
