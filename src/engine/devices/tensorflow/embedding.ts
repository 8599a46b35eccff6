import { FlamingoError } from "../../../core/errors.ts";
import { type KernelDefinition, sizeOf } from "./kernel.ts";

const embedding: KernelDefinition = {
  name: "FlamingoEmbedding",
  run(work, { table, ids }) {
    const rows = table!.shape[0]!;
    const wrong = work.numbers(ids!).find((id) => id < 0 || id >= rows);
    if (wrong !== undefined)
      throw new FlamingoError("INVALID_DATA", `id ${wrong} is not in a table of ${rows} rows`, {
        fix: "use the tokenizer that the table was made for",
      });
    return work.run("GatherV2", [table!, ids!, work.integer(0)], work.device.attributes.gather);
  },
};

const embeddingGradient: KernelDefinition = {
  name: "FlamingoEmbeddingGradient",
  run(work, { dy, ids }, { shape }: { shape: readonly number[] }) {
    const [rows, width] = shape as [number, number];
    const each = work.reshape(dy!, [sizeOf(ids!), width]);
    const flat = work.reshape(ids!, [sizeOf(ids!)]);
    return work.run("UnsortedSegmentSum", [each, flat, work.integer(rows)], work.device.attributes.segmentSum);
  },
};

export const embeddingKernels = [embedding, embeddingGradient];
