import type { TensorInfo } from "@tensorflow/tfjs";
import type { Device, Span } from "./device.ts";

/** Rows of a tensor: so many from `first` on. */
export interface Piece {
  first: number;
  count: number;
}

/**
 * Takes tensors that lie row by row, of these lengths, to pieces that a shader can see at once. A piece begins at a multiple of 64 rows: there the
 * bytes before it are a multiple of 256, where WebGPU lets a binding begin. Rows of which it cannot see 64 stay together, and are refused
 * when they are bound.
 */
export function piecesOf(device: Device, rows: number, lengths: readonly number[]): Piece[] {
  const most = device.mostBound / (4 * Math.max(...lengths, 1));
  const size = 64 * Math.floor(most / 64);
  if (rows <= most || size === 0) return [{ first: 0, count: rows }];
  return Array.from({ length: Math.ceil(rows / size) }, (_, at) => ({
    first: at * size,
    count: Math.min(size, rows - at * size),
  }));
}

/** These rows of a tensor. */
export function rowsOf(tensor: TensorInfo, { first, count }: Piece, length: number): Span {
  return { tensor, first: first * length, size: count * length };
}
