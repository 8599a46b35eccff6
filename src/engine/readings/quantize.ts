import { type Bits, groupSize, groupsInRow, wordsInRow } from "../../core/quantization.ts";

/** A matrix in few bits, as `QuantizedMatrix` holds it, on the host. */
export interface QuantizedNumbers {
  values: Int32Array;
  scales: Float32Array;
}

/** Numbers that are looked at at a time. */
const partLength = 1 << 20;

/**
 * Quantises a matrix, a part at a time: q = round(w / scale), with scale = max |w| / (2^(bits − 1) − 1) of each group of 64 neighbours in
 * a row.
 * @param read writes the numbers from an index on to a place
 */
export function quantize(
  [rows, columns]: readonly [number, number],
  bits: Bits,
  read: (target: Float32Array, first: number) => void,
): QuantizedNumbers {
  const [words, groups] = [wordsInRow(columns, bits), groupsInRow(columns)];
  const [values, scales] = [new Int32Array(rows * words), new Float32Array(rows * groups)];
  const atOnce = Math.max(1, Math.floor(partLength / columns));
  const part = new Float32Array(Math.min(rows, atOnce) * columns);
  for (let first = 0; first < rows; first += atOnce) {
    const count = Math.min(atOnce, rows - first);
    const numbers = part.subarray(0, count * columns);
    read(numbers, first * columns);
    for (let row = 0; row < count; row++)
      quantizeRow(
        numbers.subarray(row * columns, (row + 1) * columns),
        values.subarray((first + row) * words, (first + row + 1) * words),
        scales.subarray((first + row) * groups, (first + row + 1) * groups),
        bits,
      );
  }
  return { values, scales };
}

function quantizeRow(numbers: Float32Array, values: Int32Array, scales: Float32Array, bits: Bits): void {
  const most = 2 ** (bits - 1) - 1;
  const [perWord, mask] = [32 / bits, 2 ** bits - 1];
  for (let group = 0; group < scales.length; group++) {
    const [first, end] = [group * groupSize, Math.min((group + 1) * groupSize, numbers.length)];
    let largest = 0;
    for (let at = first; at < end; at++) {
      const size = Math.abs(numbers[at]!);
      if (size > largest || Number.isNaN(size)) largest = size; // NaN stays, and is in all of the group
    }
    scales[group] = largest / most;
    const scale = scales[group]!;
    const factor = scale > 0 ? 1 / scale : 0;
    for (let at = first; at < end; at++) {
      const number = Math.max(-most, Math.min(most, Math.round(numbers[at]! * factor)));
      values[Math.floor(at / perWord)]! |= (number & mask) << (bits * (at % perWord));
    }
  }
}

/** The numbers of a quantised matrix. */
export function unquantize(
  [rows, columns]: readonly [number, number],
  bits: Bits,
  { values, scales }: { values: ArrayLike<number>; scales: ArrayLike<number> },
): Float32Array {
  const [words, groups] = [wordsInRow(columns, bits), groupsInRow(columns)];
  const perWord = 32 / bits;
  const numbers = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const word = values[row * words + Math.floor(column / perWord)]!;
      const signed = (word << (32 - bits - bits * (column % perWord))) >> (32 - bits);
      numbers[row * columns + column] = signed * scales[row * groups + Math.floor(column / groupSize)]!;
    }
  return numbers;
}
