import { clipFactorOp } from "../../ops/globalNorm.ts";
import { kernel } from "./kernel.ts";
import { remembered } from "./shader.ts";

/** WGSL compilers may assume that no number is infinite or NaN, so the bits are tested. */
const factor = remembered(() => ({
  reads: { norm: "f32", loss: "f32" },
  writes: { y: "f32" },
  given: { limit: "f32", scale: "f32" },
  workgroup: [1, 1],
  functions: "fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }",
  body: `
  y[0] = 0.0;
  if (is_finite(norm[0]) && is_finite(loss[0])) {
    y[0] = min(given.limit / (norm[0] / given.scale + 1e-6), 1.0) / given.scale;
  }`,
}));

export const clipKernels = [
  kernel(clipFactorOp, (device, { norm, loss }, { limit, scale }, shape) => {
    const y = device.output(shape);
    device.perform({ shader: factor(), reads: [norm, loss], writes: [y], given: [limit, scale], groups: [1] });
    return y;
  }),
];
