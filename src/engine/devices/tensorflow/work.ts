import { gradientFollows } from "../../autodiff/tape.ts";
import type { Attribute, Handle } from "./binding.ts";
import type { Device } from "./device.ts";

/** One call of a kernel: TensorFlow's operations, and the handles that they made. */
export class Work {
  readonly device: Device;
  readonly #made: Handle[] = [];
  readonly #passedOn: Handle[] = [];

  constructor(device: Device) {
    this.device = device;
  }

  run(name: string, inputs: readonly Handle[], attributes: readonly Attribute[]): Handle {
    return this.runAll(name, inputs, attributes, 1)[0]!;
  }

  runAll(name: string, inputs: readonly Handle[], attributes: readonly Attribute[], outputs: number): Handle[] {
    const handles = this.device.execute(name, inputs, attributes, outputs);
    this.#made.push(...handles);
    return handles;
  }

  /** An operation on floats with no attribute but their type. */
  floats(name: string, ...inputs: Handle[]): Handle {
    return this.run(name, inputs, this.device.attributes.floats);
  }

  multiply(a: Handle, b: Handle | number): Handle {
    return this.floats("Mul", a, typeof b === "number" ? this.number(b) : b);
  }

  add(a: Handle, b: Handle | number): Handle {
    return this.floats("AddV2", a, typeof b === "number" ? this.number(b) : b);
  }

  /** a·b over the last two axes, either of them transposed; leading axes alike. */
  product(a: Handle, b: Handle, transposeA = false, transposeB = false): Handle {
    const { attributes } = this.device;
    // The operation for a single product costs half as much as the one for many where the product is small.
    return a.shape.length === 2
      ? this.run("MatMul", [a, b], attributes.product(transposeA, transposeB))
      : this.run("BatchMatMulV2", [a, b], attributes.products(transposeA, transposeB));
  }

  /** The same numbers in another shape; nothing is copied. */
  reshape(x: Handle, shape: readonly number[]): Handle {
    if (x.shape.length === shape.length && x.shape.every((size, axis) => size === shape[axis])) return x;
    return this.run("Reshape", [x, this.integers(shape)], this.device.attributes.reshape(x.dtype));
  }

  transpose(x: Handle, order: readonly number[]): Handle {
    return this.run("Transpose", [x, this.integers(order)], this.device.attributes.transpose);
  }

  /** "Sum", "Mean", "Max" or "Min" over these axes; they stay, with size 1, if `kept`. */
  reduce(name: "Sum" | "Mean" | "Max" | "Min", x: Handle, axes: readonly number[], kept = false): Handle {
    return this.run(name, [x, this.integers(axes)], this.device.attributes.reduce(kept));
  }

  number(value: number): Handle {
    return this.device.constant(`${value}`, [], () => Float32Array.of(value));
  }

  floatsOf(values: readonly number[]): Handle {
    return this.device.constant(`f${values}`, [values.length], () => Float32Array.from(values));
  }

  integer(value: number): Handle {
    return this.device.constant(`i${value}`, [], () => Int32Array.of(value));
  }

  integers(values: readonly number[]): Handle {
    return this.device.constant(`[${values}]`, [values.length], () => Int32Array.from(values));
  }

  /**
   * What `compute` makes of these inputs, by the forward pass for the gradient: kept there where a gradient follows, taken here.
   * @param kind what is computed, with all attributes that it depends on
   */
  once(pass: "forward" | "gradient", inputs: readonly Handle[], kind: string, compute: () => Handle[]): Handle[] {
    const { byProducts } = this.device;
    const data = inputs[0]!.data!;
    const whole = `${kind} ${inputs.map(({ id }) => id)}`;
    const known = pass === "gradient" ? byProducts.take(data, whole) : undefined;
    if (known) {
      this.#made.push(...known);
      return known;
    }
    const handles = compute();
    if (pass === "forward" && gradientFollows()) {
      byProducts.keep(data, whole, handles);
      this.#passedOn.push(...handles);
    }
    return handles;
  }

  /** A copy of the numbers. Integers lie in the host's memory on every device. */
  numbers({ id }: Handle): Float32Array | Int32Array | Uint8Array {
    return this.device.binding.tensorDataSync(id);
  }

  /** Frees all that was made but the results. */
  end(results: readonly Handle[]): void {
    for (const handle of this.#made)
      if (!results.includes(handle) && !this.#passedOn.includes(handle)) this.device.binding.deleteTensor(handle.id);
  }
}
