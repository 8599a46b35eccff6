import * as tf from "@tensorflow/tfjs";

/**
 * The registry of kernels, which is TensorFlow.js': by device and by operation. Operations of our own are in it under a
 * name with a prefix, since some of TensorFlow.js' have the same name.
 */
export const registered = (operation: string): string => `Flamingo${operation}`;

/** Whether the open device has a kernel for an operation of the project. */
export function hasKernel(operation: string): boolean {
  return tf.getKernel(registered(operation), tf.getBackend()) != null;
}

/** Runs the open device's kernel for an operation of the project. */
export function runKernel(
  operation: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attributes: object,
): tf.Tensor | tf.Tensor[] {
  return tf.engine().runKernel(registered(operation), inputs as tf.NamedTensorMap, attributes as tf.NamedAttrMap);
}

/**
 * An operation that changes tensors in place. Not every device has a kernel for it; without one the caller makes new tensors.
 */
export interface InPlaceOperation<Inputs, Attributes> {
  readonly name: string;
  /** Whether the open device has it. */
  isAvailable(): boolean;
  run(inputs: Inputs, attributes: Attributes): void;
}

export function defineInPlace<Inputs extends Record<string, tf.Tensor | undefined>, Attributes extends object>(
  name: string,
): InPlaceOperation<Inputs, Attributes> {
  return {
    name,
    isAvailable: () => hasKernel(name),
    run: (inputs, attributes) => void runKernel(name, inputs, attributes),
  };
}
