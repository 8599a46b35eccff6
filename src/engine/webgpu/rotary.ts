import { elementwise, performElementwise } from "./elementwise.ts";
import type { KernelDefinition } from "./kernel.ts";

// Channel j of a head goes with the one half a head away: turned by the angle, or by its negative where the sign is −1.
const turned = elementwise({
  inputs: { x: "f32", turns: "f32" },
  given: { places: "u32", width: "u32", dim: "u32", sign: "f32" },
  formula: () => `
    let half = given.dim / 2u;
    let j = i % given.dim;
    let row = (i / given.width) % given.places * given.dim;
    let cosine = turns[row + j % half];
    let sine = given.sign * turns[row + half + j % half];
    if (j < half) { y[i] = x[i] * cosine - x[i + half] * sine; }
    else { y[i] = x[i] * cosine + x[i - half] * sine; }`,
});

const rotary: KernelDefinition = {
  name: "FlamingoRotary",
  run(device, { x, turns }, { heads, back }: { heads: number; back: boolean }) {
    const y = device.output(x!.shape);
    const [places, dim] = turns!.shape as [number, number];
    performElementwise(device, turned, y, [x!, turns!], [places, heads * dim, dim, back ? -1 : 1], false);
    return y;
  },
};

export const rotaryKernels = [rotary];
