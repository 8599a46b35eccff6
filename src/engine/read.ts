import { capabilities } from "./devices/capabilities.ts";
import {
  argMax,
  clone,
  concat,
  dispose,
  keep,
  max,
  reshape,
  type Tensor,
  type TypedArray,
  tidy,
  topk,
} from "./tensor.ts";

/**
 * A tensor's numbers if they can be had at once: always where the device's memory is the host's, and on a GPU those of tensors
 * of integers that the host made. Undefined for the others, where reading would stall the GPU.
 */
export function hostValues(tensor: Tensor): ArrayLike<number> | undefined {
  const device = capabilities();
  return device.readsAtOnce ? tensor.dataSync() : device.hostCopy?.(tensor);
}

/** Checks that wait for numbers from the device. */
let waiting: Promise<unknown>[] = [];

/**
 * Checks the numbers of tensors: at once where the host has them, as it has the ids of every batch. Numbers that were computed on a
 * GPU are sent for, and checked before `readScalars` or `readLargest` gives its next answer: the check stalls nothing,
 * and no loss is given out before it.
 */
export function checkNumbers(tensors: readonly Tensor[], check: (...numbers: ArrayLike<number>[]) => void): void {
  const known = tensors.map(hostValues);
  if (known.every((numbers) => numbers !== undefined)) {
    check(...known);
    return;
  }
  const checked = Promise.all(tensors.map(async (tensor, at) => known[at] ?? (await readLater(tensor)))).then(
    (numbers) => check(...numbers),
  );
  checked.catch(() => undefined); // reported by the next answer
  waiting.push(checked);
}

/** Reads a tensor that its owner may dispose meanwhile. */
async function readLater(tensor: Tensor): Promise<TypedArray> {
  const own = keep(clone(tensor));
  try {
    return await own.data();
  } finally {
    own.dispose();
  }
}

/** The checks begun so far. Called before numbers are sent for, since those may depend on what is checked. */
function takeChecks(): () => Promise<void> {
  const checks = waiting;
  waiting = [];
  return async () => void (await Promise.all(checks));
}

/**
 * Reads tensors of one number each at once: each read on its own would wait for the device.
 *
 * @throws FlamingoError what a check of numbers found since the last read
 */
export async function readScalars(scalars: readonly Tensor[]): Promise<number[]> {
  const joined = tidy(() => concat(scalars.map((scalar) => reshape(scalar, [1]))));
  const finishChecks = takeChecks();
  const numbers = Array.from(await joined.data());
  joined.dispose();
  await finishChecks();
  return numbers;
}

/** The largest numbers of each row, from the largest down, and where they stand; of equal ones the first comes first. */
export interface Largest {
  values: Float32Array;
  /** Columns. Row r's begin at r·k, as the values do. */
  columns: Int32Array;
}

/**
 * Reads the `k` largest numbers of each row. A GPU finds them itself and sends only these; where the device's
 * memory is the host's, the host reads it once.
 *
 * Shapes: `x` [rows, columns].
 *
 * @throws FlamingoError what a check of numbers found since the last read
 */
export async function readLargest(x: Tensor, k: number): Promise<Largest> {
  const known = hostValues(x);
  if (known) return largestOf(known, x.shape[0]!, k);
  const [values, columns] = k === 1 ? [max(x, 1), argMax(x, 1)] : Object.values(topk(x, k));
  const finishChecks = takeChecks();
  const [first, second] = await Promise.all([values!.data(), columns!.data()]);
  dispose([values!, columns!]);
  await finishChecks();
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
      let index = Math.min(held, last);
      for (; index > first && value > values[index - 1]!; index--) {
        values[index] = values[index - 1]!;
        columns[index] = columns[index - 1]!;
      }
      values[index] = value;
      columns[index] = column;
      if (held <= last) held++;
    }
  }
  return { values, columns };
}
