import * as tf from "@tensorflow/tfjs";
import { registered } from "../../kernels.ts";
import { type AdamWNumbers, type AdamWParameter, adamWOfAllOp } from "../../ops/adamW.ts";
import { globalNormOp } from "../../ops/globalNorm.ts";
import { corrected } from "./adamW.ts";
import type { Device } from "./device.ts";
import { Work } from "./work.ts";

/**
 * AdamW over all parameters, and the length of all gradients, as one native operation each. Value and moments get new
 * numbers; clones keep the old ones.
 */
export function registerNativeAdamW(device: Device): void {
  const handlesOf = (tensors: readonly tf.TensorInfo[]) => tensors.map((tensor) => device.handleOf(tensor));
  tf.registerKernel({
    kernelName: registered(adamWOfAllOp.name),
    backendName: "tensorflow",
    kernelFunc({ inputs, attrs }) {
      device.tidyConstants();
      const { clip, ...tensors } = inputs as Record<string, tf.TensorInfo>;
      const { rates, factor, ...numbers } = attrs as unknown as AdamWNumbers & {
        rates: readonly Pick<AdamWParameter, "rate" | "decay">[];
      };
      const named = (name: string) => rates.map((_, at) => tensors[`${name}${at}`]!);
      const [values, gradients, m, v] = ["value", "gradient", "m", "v"].map(named);
      const state = [...values!, ...m!, ...v!];
      const each = rates.flatMap(({ rate, decay }) => {
        const step = corrected({ ...numbers, factor, rate, decay });
        return [step.rate, numbers.beta1, numbers.beta2, step.epsilon, 1 - rate * decay];
      });
      const { binding, attributes } = device;
      const work = new Work(device);
      const scale = clip ? device.handleOf(clip) : work.number(factor);
      const given = handlesOf([...values!, ...gradients!, ...m!, ...v!]);
      const floats = { id: binding.createTensor([each.length], binding.TF_FLOAT, Float32Array.from(each)) };
      try {
        const ids = [...given, scale, floats].map(({ id }) => id);
        const results = binding.executeOp("FlamingoAdamW", attributes.many(rates.length), ids, state.length);
        for (const [at, tensor] of state.entries()) device.replaceHandle(tensor, results[at]!);
      } finally {
        binding.deleteTensor(floats.id);
      }
      return [];
    },
  });
  tf.registerKernel({
    kernelName: registered(globalNormOp.name),
    backendName: "tensorflow",
    kernelFunc({ inputs }) {
      const handles = handlesOf(Object.values(inputs as Record<string, tf.TensorInfo>));
      const norm = device.execute("FlamingoGlobalNorm", handles, device.attributes.many(handles.length), 1);
      return device.tensorOf(norm[0]!);
    },
  });
}
