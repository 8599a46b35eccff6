import type { Tensor } from "@tensorflow/tfjs";
import { runKernels } from "../../ops/kernels.ts";
import { sizeOf } from "./device.ts";
import { type KernelDefinition, together } from "./kernel.ts";
import { SWIGLU, SWIGLU_GRADIENT } from "./kernels/operations.ts";

/** About how much arithmetic one element takes. */
const cost = 20;

const swiglu: KernelDefinition = {
  name: "FlamingoSwiglu",
  run(device, { gate, up }) {
    const y = device.output(gate!.shape);
    const count = sizeOf(y);
    device.perform(SWIGLU, cost * count, [device.address(gate!), device.address(up!), device.address(y), count]);
    return y;
  },
  saveInputs: ["gate", "up"],
  gradient(dy: Tensor, [gate, up]: Tensor[]) {
    const inputs = { gate: gate!, up: up!, dy };
    return together(["gate", "up"], (wanted) => runKernels("FlamingoSwigluGradient", inputs, { wanted }));
  },
};

const swigluGradient: KernelDefinition = {
  name: "FlamingoSwigluGradient",
  run(device, { gate, up, dy }, { wanted }: { wanted: readonly string[] }) {
    const gradients = new Map(wanted.map((name) => [name, device.output(gate!.shape)]));
    const inputs = [gate!, up!, dy!].map((tensor) => device.address(tensor));
    const results = ["gate", "up"].map((name) => {
      const gradient = gradients.get(name);
      return gradient ? device.address(gradient) : 0;
    });
    const count = sizeOf(gate!);
    device.perform(SWIGLU_GRADIENT, 2 * cost * count, [...inputs, ...results, count]);
    return [...gradients.values()];
  },
};

export const swigluKernels = [swiglu, swigluGradient];
