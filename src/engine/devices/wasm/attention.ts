import type { Tensor } from "@tensorflow/tfjs";
import { runKernels } from "../../ops/kernels.ts";
import type { Device } from "./device.ts";
import { type Inputs, type KernelDefinition, together } from "./kernel.ts";
import { ATTENTION, ATTENTION_GRADIENT } from "./kernels/operations.ts";

interface Attributes {
  heads: number;
  scale: number;
  causal: boolean;
  emptyRows: "zero" | "uniform";
  keys: number;
  slopes?: readonly number[];
}

/** Queries whose scores are held at once: enough to feed the matrix product, few enough for the cache. */
const blockOfQueries = 64;

const attention: KernelDefinition = {
  name: "FlamingoAttention",
  run(device, inputs, attributes: Attributes) {
    const output = device.output(inputs.query!.shape);
    perform(device, ATTENTION, inputs, attributes, [device.address(output)]);
    return output;
  },
  saveInputs: ["query", "key", "value"],
  gradient(dy: Tensor, [query, key, value, mask]: Tensor[], attributes: Attributes) {
    const inputs = { query: query!, key: key!, value: value!, dy, ...(mask && { mask }) };
    const names = ["query", "key", "value"];
    return together(names, (wanted) => runKernels("FlamingoAttentionGradient", inputs, { ...attributes, wanted }));
  },
};

const attentionGradient: KernelDefinition = {
  name: "FlamingoAttentionGradient",
  run(device, inputs, { wanted, ...attributes }: Attributes & { wanted: readonly string[] }) {
    const gradients = new Map(wanted.map((name) => [name, device.output(inputs[name]!.shape)]));
    const places = ["query", "key", "value"].map((name) => {
      const gradient = gradients.get(name);
      return gradient ? device.address(gradient) : 0;
    });
    perform(device, ATTENTION_GRADIENT, inputs, attributes, [device.address(inputs.dy!), ...places]);
    return [...gradients.values()];
  },
};

function perform(
  device: Device,
  operation: number,
  { query, key, value, mask }: Inputs,
  { heads, scale, causal, emptyRows, keys, slopes }: Attributes,
  results: readonly number[],
): void {
  const [batch, queries, width] = query!.shape as [number, number, number];
  const room = key!.shape[1]!;
  const block = Math.min(blockOfQueries, queries);
  // The scores of a block, and their gradients; a row begins on a multiple of four numbers.
  const scores = 2 * 4 * block * ((keys + 3) & ~3);
  device.withWorkspace(device.threads * scores + 4 * heads, (workspace) => {
    const slopesAt = slopes ? workspace + device.threads * scores : 0;
    if (slopes) device.write(slopesAt, slopes);
    const tensors = [query!, key!, value!].map((tensor) => device.address(tensor));
    const masked = mask ? [mask.shape[2]!, mask.dtype === "bool" ? 1 : 4] : [1, 4];
    const switches = [causal ? 1 : 0, emptyRows === "uniform" ? 1 : 0];
    device.perform(
      operation,
      batch * queries * keys * width,
      [
        ...[...tensors, mask ? device.address(mask, mask.dtype === "bool" ? "bool" : "int32") : 0, slopesAt],
        ...[
          workspace,
          scores,
          batch,
          queries,
          keys,
          heads,
          width / heads,
          ...masked,
          ...switches,
          block,
          room,
          ...results,
        ],
      ],
      [scale],
    );
  });
}

const maskedAttention: KernelDefinition = {
  ...attention,
  name: "FlamingoMaskedAttention",
  saveInputs: ["query", "key", "value", "mask"],
};

export const attentionKernels = [attention, maskedAttention, attentionGradient];
