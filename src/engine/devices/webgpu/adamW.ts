import { sizeOf } from "../../../core/shape.ts";
import { adamWOp } from "../../ops/adamW.ts";
import { inPlaceKernel } from "./kernel.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";

const threads = 64;
const mostGroups = 16384;

/** One pass over a parameter: value, m and v are changed in place, by a factor of 0 not at all. */
const update = remembered((clipped: boolean, wide: boolean) => {
  const T = wide ? "vec4f" : "f32";
  return {
    reads: { gradient: T, ...(clipped && { clip: "f32" }) },
    writes: { value: T, m: T, v: T },
    given: {
      ...{ count: "u32", factor: "f32", beta1: "f32", rest1: "f32", beta2: "f32", rest2: "f32" },
      ...{ epsilon: "f32", root: "f32", rate: "f32", keep: "f32" },
    },
    workgroup: [threads, 1],
    body: `
  let factor = ${clipped ? "clip[0]" : "given.factor"};
  if (factor == 0.0) { return; }
  for (var i = group.x * ${threads}u + lane; i < given.count; i += groups.x * ${threads}u) {
    let g = gradient[i] * factor;
    m[i] = given.beta1 * m[i] + given.rest1 * g;
    v[i] = given.beta2 * v[i] + given.rest2 * g * g;
    value[i] = given.keep * value[i] - given.rate * m[i] / (sqrt(v[i]) * given.root + given.epsilon);
  }`,
  } as const;
});

export const adamWKernels = [
  inPlaceKernel(adamWOp, (device, { value, gradient, m, v, clip }, attributes) => {
    const { step, beta1, beta2, epsilon, rate, decay, factor } = attributes;
    const size = sizeOf(value);
    const wide = size % 4 === 0;
    for (const range of rowRanges(device, size, [1])) {
      const [mine, ...others] = [gradient, value, m, v].map((tensor) => rowsOf(tensor, range, 1));
      const count = wide ? range.count / 4 : range.count;
      device.perform({
        shader: update(clip !== undefined, wide),
        reads: [mine!, ...(clip ? [clip] : [])],
        writes: others,
        given: [
          ...[count, factor, beta1, 1 - beta1, beta2, 1 - beta2],
          ...[epsilon, 1 / Math.sqrt(1 - beta2 ** step), rate / (1 - beta1 ** step), 1 - rate * decay],
        ],
        groups: [Math.min(mostGroups, Math.ceil(count / threads))],
      });
    }
  }),
];
