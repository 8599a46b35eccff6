import * as tf from "@tensorflow/tfjs";
import { type InPlaceOperation, registered } from "../kernels.ts";
import { gradientName, type Operation, type ShapeOf } from "../ops/operation.ts";

/** An operation's tensors as a device sees them. */
export type Seen<Inputs, T> = { readonly [Name in keyof Inputs]: T };

/** A device's code for an operation. */
export interface Kernel<Device, T> {
  /** In the registry of kernels. */
  readonly name: string;
  run(device: Device, inputs: Readonly<Record<string, T>>, attributes: object): T | T[];
}

/**
 * How a kind of device defines kernels: `Device` is what a kernel works with, and `T` how it sees tensors. Names, inputs,
 * attributes and the result's shape are the operation's.
 */
export function kernelsOf<Device, T extends { readonly shape: readonly number[] }>() {
  return {
    /** A kernel for an operation. */
    kernel<Inputs, Attributes, Result>(
      operation: Operation<Inputs, Attributes, Result>,
      run: (
        device: Device,
        inputs: Seen<Inputs, T>,
        attributes: Attributes,
        shape: ShapeOf<Result>,
      ) => Result extends unknown[] ? T[] : T,
    ): Kernel<Device, T> {
      return {
        name: registered(operation.name),
        run: (device, inputs, attributes) => {
          const seen = inputs as Seen<Inputs, T>;
          return run(device, seen, attributes as Attributes, operation.shape(seen, attributes as Attributes));
        },
      };
    },

    /** A kernel for the gradient of an operation that states none of its own: gives those of the inputs that are `wanted`. */
    gradientKernel<Inputs, Attributes, Result>(
      operation: Operation<Inputs, Attributes, Result>,
      run: (
        device: Device,
        inputs: Seen<Inputs, T> & { readonly dy: T },
        attributes: Attributes & { readonly wanted: readonly string[] },
      ) => T[],
    ): Kernel<Device, T> {
      return {
        name: registered(gradientName(operation.name)),
        run: (device, inputs, attributes) => run(device, inputs as never, attributes as never),
      };
    },

    /** A kernel that changes its inputs. */
    inPlaceKernel<Inputs, Attributes>(
      operation: InPlaceOperation<Inputs, Attributes>,
      run: (device: Device, inputs: Seen<Inputs, T>, attributes: Attributes) => void,
    ): Kernel<Device, T> {
      return {
        name: registered(operation.name),
        run(device, inputs, attributes) {
          run(device, inputs as Seen<Inputs, T>, attributes as Attributes);
          return [];
        },
      };
    },

    /** A kernel for an operation of TensorFlow.js, in place of its own. */
    tfjsKernel<Attributes>(
      name: string,
      run: (device: Device, inputs: Readonly<Record<string, T>>, attributes: Attributes) => T | T[],
    ): Kernel<Device, T> {
      return { name, run: (device, inputs, attributes) => run(device, inputs, attributes as Attributes) };
    },
  };
}

/** Makes a device perform these kernels. */
export function registerKernels<Device>(
  backendName: string,
  kernels: readonly Kernel<Device, tf.TensorInfo>[],
  device: Device,
): void {
  for (const { name, run } of kernels) {
    if (tf.getKernel(name, backendName)) tf.unregisterKernel(name, backendName);
    tf.registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs }) => run(device, inputs as Record<string, tf.TensorInfo>, attrs ?? {}),
    });
  }
}
