import { arg, pointer, share, thread } from "./control";
import { gemm } from "./gemm";

// Arguments: a, b, c, batch, m, n, k, aBatch, aRow, aCol, bBatch, bRow, bCol, accumulate. Strides in elements.
// Work is split over the batch where it has one piece for every thread, else over the longer side of c.
export function matMul(): void {
  const batch = arg(3), m = arg(4), n = arg(5), k = arg(6);
  const aBatch = arg(7), aRow = arg(8), aCol = arg(9), bBatch = arg(10), bRow = arg(11), bCol = arg(12);
  const accumulate = arg(13) != 0;
  let firstItem = 0, items = batch, firstRow = 0, rows = m, firstColumn = 0, columns = n;
  if (batch > 1) {
    firstItem = share(batch, 1, thread());
    items = share(batch, 1, thread() + 1) - firstItem;
  } else if (m >= n) {
    firstRow = share(m, 5, thread());
    rows = share(m, 5, thread() + 1) - firstRow;
  } else {
    firstColumn = share(n, 8, thread());
    columns = share(n, 8, thread() + 1) - firstColumn;
  }
  if (rows == 0 || columns == 0) return;
  for (let item = firstItem; item < firstItem + items; item++) {
    const a = pointer(0) + ((item * aBatch + firstRow * aRow) as usize << 2);
    const b = pointer(1) + ((item * bBatch + firstColumn * bCol) as usize << 2);
    const c = pointer(2) + ((item * m * n + firstRow * n + firstColumn) as usize << 2);
    gemm(rows, columns, k, a, aRow, aCol, b, bRow, bCol, c, n, accumulate);
  }
}
