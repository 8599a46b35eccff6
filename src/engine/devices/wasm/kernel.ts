import * as tf from "@tensorflow/tfjs";
import type { Device } from "./device.ts";

export type Inputs = Record<string, tf.TensorInfo>;

type Gradients = Record<string, () => tf.Tensor>;

/** A kernel of the wasm device under a name of ours, with the gradient of the operation. */
export interface KernelDefinition {
  name: string;
  run(device: Device, inputs: Inputs, attributes: never): tf.TensorInfo | tf.TensorInfo[];
  /** Gets the inputs and then the outputs that are to be saved for it. */
  gradient?: (dy: never, saved: tf.Tensor[], attributes: never) => Gradients;
  saveInputs?: readonly string[];
  saveOutputs?: readonly boolean[];
}

export function register(definition: KernelDefinition, device: Device): void {
  const { name, run } = definition;
  if (tf.getKernel(name, "wasm")) tf.unregisterKernel(name, "wasm");
  tf.registerKernel({
    kernelName: name,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => run(device, inputs as Inputs, attrs as never),
  });
  registerGradient(definition);
}

/** An operation has the same gradient on every device. */
export function registerGradient({ name, gradient, saveInputs = [], saveOutputs = [] }: KernelDefinition): void {
  if (!gradient) return;
  if (tf.getGradient(name)) tf.unregisterGradient(name);
  tf.registerGradient({
    kernelName: name,
    inputsToSave: [...saveInputs],
    outputsToSave: [...saveOutputs],
    gradFunc: (dy, saved, attributes) => gradient(dy as never, saved, attributes as never),
  });
}

/** Which inputs of the operation at hand want a gradient, while `valueAndGradients` asks for them together. */
let wanted: readonly string[] | undefined;

/** Lets `work` ask for the gradients of several inputs of one operation together. */
export function wanting<T>(inputs: readonly string[], work: () => T): T {
  wanted = inputs;
  try {
    return work();
  } finally {
    wanted = undefined;
  }
}

/**
 * Gradients that one kernel computes together, those alone that are wanted. TensorFlow.js' own tape asks for one at a
 * time and disposes what else came to be, so that there each costs a call.
 */
export function together(names: readonly string[], compute: (names: readonly string[]) => tf.Tensor[]): Gradients {
  const asked = wanted?.filter((name) => names.includes(name));
  let found: tf.Tensor[] | undefined;
  const all = () => {
    found ??= compute(asked!);
    return found;
  };
  return Object.fromEntries(
    names.map((name) => [name, () => (asked ? all()[asked.indexOf(name)]! : compute([name])[0]!)]),
  );
}
