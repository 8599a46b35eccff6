import { hostValues } from "./hostValues.ts";
import { argMax, dispose, max, type Tensor, topk } from "./tensor.ts";

/** The largest numbers of each row, from the largest down, and where they stand; of equal ones the first comes first. */
export interface Largest {
  values: Float32Array;
  /** Columns. Row r's begin at r·k, as the values do. */
  columns: Int32Array;
}

/**
 * Reads the `k` largest numbers of each row. A GPU finds them itself and hands over no more than these; where the device's
 * memory is the host's, the host looks through it once.
 *
 * Shapes: `x` [rows, columns].
 */
export async function readLargest(x: Tensor, k: number): Promise<Largest> {
  const known = hostValues(x);
  if (known) return largestOf(known, x.shape[0]!, k);
  const [values, columns] = k === 1 ? [max(x, 1), argMax(x, 1)] : Object.values(topk(x, k));
  const [first, second] = await Promise.all([values!.data(), columns!.data()]);
  dispose([values!, columns!]);
  return { values: first as Float32Array, columns: second as Int32Array };
}

function largestOf(numbers: ArrayLike<number>, rows: number, k: number): Largest {
  const width = numbers.length / rows;
  const values = new Float32Array(rows * k).fill(-Infinity);
  const columns = new Int32Array(rows * k);
  for (let row = 0; row < rows; row++) {
    const first = row * k;
    const last = first + k - 1;
    let held = first; // end of what is held
    for (let column = 0, at = row * width; column < width; column++, at++) {
      const value = numbers[at]!;
      if (held > last && !(value > values[last]!)) continue;
      let place = Math.min(held, last);
      for (; place > first && value > values[place - 1]!; place--) {
        values[place] = values[place - 1]!;
        columns[place] = columns[place - 1]!;
      }
      values[place] = value;
      columns[place] = column;
      if (held <= last) held++;
    }
  }
  return { values, columns };
}
