import { sizeOf } from "../../../core/shape.ts";
import { rotaryOp } from "../../ops/rotary.ts";
import { kernel } from "./kernel.ts";

export const rotaryKernels = [
  kernel(rotaryOp, (device, { x, turns }, { heads, back }, shape) => {
    const y = device.output(shape);
    const [positions, dim] = turns.shape as [number, number];
    const addresses = [x, turns, y].map((tensor) => device.address(tensor));
    const rows = sizeOf(x) / (heads * dim);
    device.perform("rotate", 4 * sizeOf(x), [...addresses, rows, positions, heads, dim, back ? 1 : 0]);
    return y;
  }),
];
