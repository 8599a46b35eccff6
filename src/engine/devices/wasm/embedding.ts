import type { Tensor } from "@tensorflow/tfjs";
import { FlamingoError } from "../../../core/errors.ts";
import { runKernel } from "../../ops/kernels.ts";
import { sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { EMBED, EMBED_GRADIENT } from "./kernels/operations.ts";

const embedding: KernelDefinition = {
  name: "FlamingoEmbedding",
  run(device, { table, ids }) {
    const [rows, width] = table!.shape as [number, number];
    const wrong = device.integers(ids!).find((id) => id < 0 || id >= rows);
    if (wrong !== undefined)
      throw new FlamingoError("INVALID_DATA", `id ${wrong} is not in a table of ${rows} rows`, {
        fix: "use the tokenizer that the table was made for",
      });
    const y = device.output([...ids!.shape, width]);
    const addresses = [device.address(table!), device.address(ids!, "int32"), device.address(y)];
    device.perform(EMBED, sizeOf(y), [...addresses, sizeOf(ids!), width]);
    return y;
  },
  saveInputs: ["ids", "table"],
  gradient: (dy: Tensor, [ids, table]: Tensor[]) => ({
    table: () => runKernel("FlamingoEmbeddingGradient", { dy, ids: ids! }, { shape: table!.shape }),
  }),
};

const embeddingGradient: KernelDefinition = {
  name: "FlamingoEmbeddingGradient",
  run(device, { dy, ids }, { shape }: { shape: readonly number[] }) {
    const gradient = device.output(shape);
    const [rows, width] = shape as [number, number];
    const addresses = [device.address(dy!), device.address(ids!, "int32"), device.address(gradient)];
    device.perform(EMBED_GRADIENT, sizeOf(dy!) + rows * width, [...addresses, sizeOf(ids!), width, rows]);
    return gradient;
  },
};

export const embeddingKernels = [embedding, embeddingGradient];
