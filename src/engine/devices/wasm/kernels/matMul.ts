import { at, endOf, firstOf, integer, pointer } from "./control";
import { isFew, multiplyFewRows, WIDE } from "./fewRows";
import { gemm, MR, NR } from "./gemm";

// Arguments: a, b, c, batch, m, n, k, aBatch, aRow, aCol, bBatch, bRow, bCol, bias or 0. Strides in elements.
// Work is split over the batch if there is one, else over the longer side of c, so that less is packed twice.
export function matMul(): void {
  const batch = integer(3), m = integer(4), n = integer(5);
  if (batch > 1) {
    const end = endOf(batch, 1);
    for (let i = firstOf(batch, 1); i < end; i++) part(i, 0, m, 0, n);
  } else if (m >= n) {
    part(0, firstOf(m, MR), endOf(m, MR), 0, n);
  } else {
    const unit = isFew(m, integer(9), integer(11), integer(12)) ? WIDE : NR;
    part(0, 0, m, firstOf(n, unit), endOf(n, unit));
  }
}

// Rows i to iEnd and columns j to jEnd of one product of the batch. A bias is laid down first, and the product added to it.
function part(item: i32, i: i32, iEnd: i32, j: i32, jEnd: i32): void {
  const m = integer(4), n = integer(5), k = integer(6), bias = pointer(13);
  const aRow = integer(8), aCol = integer(9), bRow = integer(11), bCol = integer(12);
  const a = at(pointer(0), item * integer(7) + i * aRow), b = at(pointer(1), item * integer(10) + j * bCol);
  const c = at(pointer(2), (item * m + i) * n + j), rows = iEnd - i, columns = jEnd - j;
  if (bias) for (let row = 0; row < rows; row++) memory.copy(at(c, row * n), at(bias, j), (columns as usize) << 2);
  if (isFew(m, aCol, bRow, bCol)) multiplyFewRows(rows, columns, k, a, aRow, b, bRow, bCol, c, n, bias != 0);
  else gemm(rows, columns, k, a, aRow, aCol, b, bRow, bCol, c, n, bias != 0);
}
