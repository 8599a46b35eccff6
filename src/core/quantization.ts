import { sizeOf } from "./shape.ts";
import type { WeightSpec } from "./weight.ts";

/** Bits of a number of a quantised matrix. */
export const bitWidths = [8, 4] as const;
export type Bits = (typeof bitWidths)[number];

/** Neighbouring numbers of a row that share a scale. */
export const groupSize = 64;

/** Words of four bytes in a row of a quantised matrix: ⌈columns·bits/32⌉. */
export function wordsInRow(columns: number, bits: Bits): number {
  return Math.ceil((columns * bits) / 32);
}

/** Groups, and so scales, in a row of a quantised matrix: ⌈columns/64⌉. */
export function groupsInRow(columns: number): number {
  return Math.ceil(columns / groupSize);
}

/** In how many bits a weight is held that starts from weights which are to be held in so many: undefined for single precision. */
export function heldBits({ frozen, matrix }: Pick<WeightSpec, "frozen" | "matrix">, bits?: Bits): Bits | undefined {
  return frozen && matrix ? bits : undefined;
}

/** Bytes that a weight takes on the device: in so many bits its packed numbers and their scales, in single precision without. */
export function heldBytes(shape: readonly number[], bits?: Bits): number {
  if (!bits) return 4 * sizeOf({ shape });
  const [rows, columns] = shape as [number, number];
  return 4 * rows * (wordsInRow(columns, bits) + groupsInRow(columns));
}
