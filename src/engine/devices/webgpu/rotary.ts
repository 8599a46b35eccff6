import { sizeOf } from "../../../core/shape.ts";
import { rotaryOp } from "../../ops/rotary.ts";
import { elementwise } from "./elementwise.ts";
import { kernel } from "./kernel.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";

const threads = 64;

// Channel j of a head goes with the one half a head away: turned by the angle, or by its negative where the sign is −1.
const turned = elementwise({
  inputs: { x: "f32", turns: "f32" },
  given: { positions: "u32", width: "u32", dim: "u32", sign: "f32" },
  formula: () => `
    let half = given.dim / 2u;
    let j = i % given.dim;
    let row = ((given.first + i) / given.width) % given.positions * given.dim;
    let cosine = turns[row + j % half];
    let sine = given.sign * turns[row + half + j % half];
    if (j < half) { y[i] = x[i] * cosine - x[i + half] * sine; }
    else { y[i] = x[i] * cosine + x[i - half] * sine; }`,
});

export const rotaryKernels = [
  kernel(rotaryOp, (device, { x, turns }, { heads, back }, shape) => {
    const y = device.output(shape);
    const [positions, dim] = turns.shape as [number, number];
    for (const range of rowRanges(device, sizeOf(y) / dim, [dim])) {
      const count = range.count * dim;
      device.perform({
        ...{ shader: turned(false), reads: [rowsOf(x, range, dim), turns], writes: [rowsOf(y, range, dim)] },
        given: [count, range.first * dim, positions, heads * dim, dim, back ? -1 : 1],
        groups: [Math.min(16384, Math.ceil(count / threads))],
      });
    }
    return y;
  }),
];
