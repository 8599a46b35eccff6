import type { TensorInfo } from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import { layerNormOp } from "../../ops/norms.ts";
import { gradientKernel, kernel } from "./kernel.ts";
import { sumOf } from "./reduction.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";
import { sumRows } from "./sums.ts";

const threads = 128;

const mean = `
  var sum = 0.0;
  for (var i = lane; i < given.width; i += ${threads}u) { sum += x[at + i]; }
  let mean = total(sum, lane) / f32(given.width);`;

/**
 * WGSL: mean, and 1/√(variance + epsilon), of the row that begins at `at`. A second pass over the row loses no digits. Where rows
 * are not centred (RMSNorm), the mean counts as 0.
 */
const measure = (centred: boolean) => `
  ${centred ? mean : "let mean = 0.0;"}
  var squares = 0.0;
  for (var i = lane; i < given.width; i += ${threads}u) { squares += (x[at + i] - mean) * (x[at + i] - mean); }
  let inverse = inverseSqrt(total(squares, lane) / f32(given.width) + given.epsilon);`;

/** A workgroup takes one row after another, as many apart as there are workgroups. */
const eachRow = (work: string) => `
  for (var row = group.x; row < given.rows; row += groups.x) {
  let at = row * given.width;
  ${work}
  }`;

const numbers = { rows: "u32", width: "u32", epsilon: "f32" } as const;

const normal = remembered((weighted: boolean, biased: boolean, centred: boolean) => ({
  reads: { x: "f32", ...(weighted && { weight: "f32" }), ...(biased && { bias: "f32" }) },
  writes: { y: "f32" },
  given: numbers,
  workgroup: [threads, 1],
  functions: sumOf("total", "f32", threads),
  body: eachRow(`${measure(centred)}
  for (var i = lane; i < given.width; i += ${threads}u) {
    y[at + i] = (x[at + i] - mean) * inverse${weighted ? " * weight[i]" : ""}${biased ? " + bias[i]" : ""};
  }`),
}));

// With n the normal row and g = dy·weight: dx = inverse·(g − mean(g) − n·mean(g·n)), without mean(g) where rows are not
// centred; the weight's gradient sums dy·n.
const gradients = remembered((weighted: boolean, wantsX: boolean, wantsWeight: boolean, centred: boolean) => ({
  reads: { x: "f32", dy: "f32", ...(weighted && { weight: "f32" }) },
  writes: { ...(wantsX && { dx: "f32" }), ...(wantsWeight && { products: "f32" }) },
  given: numbers,
  workgroup: [threads, 1],
  functions: `${sumOf("total", "f32", threads)}${sumOf("totals", "vec2f", threads)}`,
  body: eachRow(`${measure(centred)}
  var sums = vec2f();
  for (var i = lane; i < given.width; i += ${threads}u) {
    let n = (x[at + i] - mean) * inverse;
    ${wantsWeight ? "products[at + i] = dy[at + i] * n;" : ""}
    let g = dy[at + i]${weighted ? " * weight[i]" : ""};
    sums += vec2f(g, g * n);
  }
  let means = totals(sums, lane) / f32(given.width);
  ${
    wantsX
      ? `for (var i = lane; i < given.width; i += ${threads}u) {
    let n = (x[at + i] - mean) * inverse;
    dx[at + i] = inverse * (dy[at + i]${weighted ? " * weight[i]" : ""}${centred ? " - means.x" : ""} - n * means.y);
  }`
      : ""
  }`),
}));

export const layerNormKernels = [
  kernel(layerNormOp, (device, { x, weight, bias }, { epsilon, centred }, shape) => {
    const y = device.output(shape);
    const width = x.shape.at(-1)!;
    for (const range of rowRanges(device, sizeOf(x) / width, [width])) {
      const [seen, made] = [x, y].map((tensor) => rowsOf(tensor, range, width));
      device.perform({
        shader: normal(weight !== undefined, bias !== undefined, centred),
        reads: [seen!, ...(weight ? [weight] : []), ...(bias ? [bias] : [])],
        ...{ writes: [made!], given: [range.count, width, epsilon], groups: [Math.min(range.count, 65535)] },
      });
    }
    return y;
  }),
  gradientKernel(layerNormOp, (device, { x, weight, dy }, { epsilon, centred, wanted }) => {
    const width = x.shape.at(-1)!;
    const dx = wanted.includes("x") ? device.output(x.shape) : undefined;
    const products = wanted.includes("weight") ? device.output(x.shape) : undefined;
    const writes = [dx, products].filter((tensor) => tensor !== undefined);
    for (const range of writes.length > 0 ? rowRanges(device, sizeOf(x) / width, [width]) : []) {
      const bind = (tensor: TensorInfo) => rowsOf(tensor, range, width);
      device.perform({
        shader: gradients(weight !== undefined, dx !== undefined, products !== undefined, centred),
        reads: [bind(x), bind(dy), ...(weight ? [weight] : [])],
        ...{ writes: writes.map(bind), given: [range.count, width, epsilon], groups: [Math.min(range.count, 65535)] },
      });
    }
    const found = wanted.map((name) =>
      name === "x" ? dx! : sumRows(device, name === "weight" ? products! : dy, [width]),
    );
    if (products) device.release(products);
    return found;
  }),
];
