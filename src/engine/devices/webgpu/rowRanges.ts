import type { TensorInfo } from "@tensorflow/tfjs";
import type { Device, Span } from "./device.ts";

/** Rows of a tensor: `count` of them from `first` on. */
export interface RowRange {
  first: number;
  count: number;
}

/**
 * Divides tensors whose rows have these lengths into ranges of rows that a shader can bind. A range begins at a multiple of 64 rows: the bytes
 * before it are then a multiple of 256, as WebGPU demands of a binding. Rows of which 64 are too large to bind stay together, and are
 * refused when they are bound.
 */
export function rowRanges(device: Device, rows: number, lengths: readonly number[]): RowRange[] {
  const most = device.mostBound / (4 * Math.max(...lengths, 1));
  const size = 64 * Math.floor(most / 64);
  if (rows <= most || size === 0) return [{ first: 0, count: rows }];
  return Array.from({ length: Math.ceil(rows / size) }, (_, at) => ({
    first: at * size,
    count: Math.min(size, rows - at * size),
  }));
}

/** These rows of a tensor. */
export function rowsOf(tensor: TensorInfo, { first, count }: RowRange, length: number): Span {
  return { tensor, first: first * length, size: count * length };
}
