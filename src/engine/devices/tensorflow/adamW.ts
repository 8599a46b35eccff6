import * as tf from "@tensorflow/tfjs";
import { registered } from "../../kernels.ts";
import { type AdamWNumbers, type AdamWParameter, adamWOp } from "../../ops/adamW.ts";
import type { Attribute, Handle } from "./binding.ts";
import type { Device } from "./device.ts";
import { Work } from "./work.ts";

/** What a step of a parameter takes besides tensors. */
export type StepNumbers = AdamWNumbers & Pick<AdamWParameter, "rate" | "decay">;

/** A variable of this name ends with the last handle to it: TensorFlow's own word for "anonymous". */
const anonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

/**
 * AdamW by TensorFlow's own operation, which changes value and moments in place.
 *
 * It works on TensorFlow's variables, so each tensor gets one that holds its numbers from its first step on, and after
 * each step a new handle to them. While it runs the variable is the numbers' only name, or TensorFlow would copy them.
 */
export function registerAdamW(device: Device): void {
  const variables = new Map<object, Handle>();
  const factors = new WeakMap<object, number>();
  device.onDispose((dataId) => {
    const variable = variables.get(dataId);
    if (variable) device.binding.deleteTensor(variable.id);
    variables.delete(dataId);
  });
  const variableOf = (tensor: tf.TensorInfo): Handle => {
    const variable = variables.get(tensor.dataId) ?? makeVariable(device, tensor);
    variables.set(tensor.dataId, variable);
    return variable;
  };
  /** Read once, for all parameters of a step. */
  const factorOf = (clip: tf.TensorInfo): number => {
    const factor = factors.get(clip.dataId) ?? device.binding.tensorDataSync(device.handleOf(clip).id)[0]!;
    factors.set(clip.dataId, factor);
    return factor;
  };
  tf.registerKernel({
    kernelName: registered(adamWOp.name),
    backendName: "tensorflow",
    kernelFunc({ inputs, attrs }) {
      device.tidyConstants();
      const { value, gradient, m, v, clip } = inputs as Record<string, tf.TensorInfo>;
      const numbers = attrs as unknown as StepNumbers;
      const factor = clip ? factorOf(clip) : numbers.factor;
      if (factor === 0) return [];
      const state = [value!, m!, v!];
      const held = state.map(variableOf);
      const work = new Work(device);
      try {
        const given = device.handleOf(gradient!);
        const g = factor === 1 ? given : work.multiply(given, clip ? device.handleOf(clip) : factor);
        if (numbers.decay !== 0) decay(device, value!, held[0]!, 1 - numbers.rate * numbers.decay);
        for (const tensor of state) device.dropHandle(tensor);
        work.runAll("ResourceApplyAdam", [...held, ...stepNumbers(work, numbers), g], device.attributes.adam, 0);
      } finally {
        for (const [at, tensor] of state.entries())
          device.replaceHandle(
            tensor,
            device.execute("ReadVariableOp", [held[at]!], [device.attributes.variable], 1)[0]!,
          );
        work.end([]);
      }
      return [];
    },
  });
}

/** With a copy of the tensor's numbers, which may be an array's of the caller's. */
function makeVariable(device: Device, tensor: tf.TensorInfo): Handle {
  const { attributes } = device;
  const kind: Attribute[] = [attributes.variable, attributes.shape(tensor.shape), attributes.sharedName(anonymous)];
  const [variable] = device.execute("VarHandleOp", [], kind, 1);
  const [copy] = device.execute("DeepCopy", [device.handleOf(tensor)], attributes.floats, 1);
  device.execute("AssignVariableOp", [variable!, copy!], [attributes.variable], 0);
  device.binding.deleteTensor(copy!.id);
  return variable!;
}

function decay(device: Device, value: tf.TensorInfo, variable: Handle, factor: number): void {
  const work = new Work(device);
  try {
    const smaller = work.multiply(device.handleOf(value), factor);
    device.execute("AssignVariableOp", [variable, smaller], [device.attributes.variable], 0);
  } finally {
    work.end([]);
  }
}

/**
 * ResourceApplyAdam's numbers. It takes βᵗ and corrects the moments for it in single precision, where 1 − 0.999 has four
 * digits; so it gets βᵗ = 0, which corrects nothing, and the correction within the rate and epsilon.
 */
function stepNumbers(work: Work, numbers: StepNumbers): Handle[] {
  const { beta1, beta2 } = numbers;
  const { rate, epsilon } = corrected(numbers);
  return [0, 0, rate, beta1, beta2, epsilon].map((number) => work.number(number));
}

/** Rate and epsilon for moments as they stand, not corrected for their start at 0: rate·m̂/(√v̂ + ε) is the same with them. */
export function corrected({ step, beta1, beta2, epsilon, rate }: StepNumbers): { rate: number; epsilon: number } {
  const root = Math.sqrt(1 - Math.fround(beta2) ** step);
  return { rate: (rate * root) / (1 - Math.fround(beta1) ** step), epsilon: epsilon * root };
}
