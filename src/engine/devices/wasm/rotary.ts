import type { Tensor } from "@tensorflow/tfjs";
import { runKernel } from "../../ops/kernels.ts";
import { sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { ROTATE } from "./kernels/operations.ts";

interface Attributes {
  heads: number;
  /** Turns the other way: the gradient of turning. */
  back: boolean;
}

const rotary: KernelDefinition = {
  name: "FlamingoRotary",
  run(device, { x, turns }, { heads, back }: Attributes) {
    const y = device.output(x!.shape);
    const [places, dim] = turns!.shape as [number, number];
    const addresses = [device.address(x!), device.address(turns!), device.address(y)];
    const rows = sizeOf(x!) / (heads * dim);
    device.perform(ROTATE, 4 * sizeOf(x!), [...addresses, rows, places, heads, dim, back ? 1 : 0]);
    return y;
  },
  saveInputs: ["turns"],
  gradient: (dy: Tensor, [turns]: Tensor[], { heads, back }: Attributes) => ({
    x: () => runKernel("FlamingoRotary", { x: dy, turns: turns! }, { heads, back: !back }),
  }),
};

export const rotaryKernels = [rotary];
