import { argMax, concat, dispose, getBackend, max, reshape, type Tensor, tidy, topk } from "./tensor.ts";

/** Devices that can be read without waiting. */
const synchronous = new Set(["cpu", "wasm", "tensorflow"]);

/**
 * A tensor's numbers if they can be had at once; undefined on a GPU, where reading would stall it. For checks that
 * cost nothing where they are free and are made elsewhere (on the data, before it is sent) where they are not.
 */
export function hostValues(tensor: Tensor): ArrayLike<number> | undefined {
  return synchronous.has(getBackend()) ? tensor.dataSync() : undefined;
}

/** Reads tensors of one number each at once: each read on its own would wait for the device. */
export async function readScalars(scalars: readonly Tensor[]): Promise<number[]> {
  const joined = tidy(() => concat(scalars.map((scalar) => reshape(scalar, [1]))));
  const numbers = Array.from(await joined.data());
  joined.dispose();
  return numbers;
}

/** Whether the device goes on to what it is given next while numbers are on their way to us. */
export function readsLater(): boolean {
  return getBackend() === "webgpu";
}

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
