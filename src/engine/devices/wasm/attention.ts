import type { TensorInfo } from "@tensorflow/tfjs";
import { type AttentionAttributes, attentionOp } from "../../ops/attention.ts";
import type { Device } from "./device.ts";
import { addressOrZero, gradientKernel, kernel } from "./kernel.ts";

/** Queries whose scores are held at once: enough to feed the matrix product, few enough for the cache. */
const blockOfQueries = 64;

interface Inputs {
  readonly query: TensorInfo;
  readonly key: TensorInfo;
  readonly value: TensorInfo;
  readonly mask?: TensorInfo;
}

function perform(
  device: Device,
  code: string,
  { query, key, value, mask }: Inputs,
  { heads, scale, causal, emptyRows, keys, slopes }: AttentionAttributes,
  results: readonly number[],
): void {
  const [batch, queries, width] = query.shape as [number, number, number];
  const room = key.shape[1]!;
  const block = Math.min(blockOfQueries, queries);
  // The scores of a block, and their gradients; a row begins on a multiple of four numbers.
  const scores = 2 * 4 * block * ((keys + 3) & ~3);
  device.withWorkspace(device.threads * scores + 4 * heads, (workspace) => {
    const slopesAt = slopes ? workspace + device.threads * scores : 0;
    if (slopes) device.write(slopesAt, slopes);
    const tensors = [query, key, value].map((tensor) => device.address(tensor));
    const maskAt = mask ? device.address(mask, mask.dtype === "bool" ? "bool" : "int32") : 0;
    const [groups, maskBytes] = mask ? [mask.shape[2]!, mask.dtype === "bool" ? 1 : 4] : [1, 4];
    const switches = [causal ? 1 : 0, emptyRows === "uniform" ? 1 : 0];
    device.perform(
      code,
      batch * queries * keys * width,
      [
        ...[...tensors, maskAt, slopesAt, workspace, scores],
        ...[batch, queries, keys, heads, width / heads, groups, maskBytes, ...switches, block, room, ...results],
      ],
      [scale],
    );
  });
}

export const attentionKernels = [
  kernel(attentionOp, (device, inputs, attributes, shape) => {
    const output = device.output(shape);
    perform(device, "attention", inputs, attributes, [device.address(output)]);
    return output;
  }),
  gradientKernel(attentionOp, (device, { dy, ...inputs }, { wanted, ...attributes }) => {
    const given: Readonly<Record<string, TensorInfo>> = inputs;
    const gradients = new Map(wanted.map((name) => [name, device.output(given[name]!.shape)]));
    const results = ["query", "key", "value"].map((name) => addressOrZero(device, gradients.get(name)));
    perform(device, "attentionGradient", inputs, attributes, [device.address(dy), ...results]);
    return [...gradients.values()];
  }),
];
