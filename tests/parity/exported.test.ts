import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { instantiate } from "../../src/core/instantiate.ts";
import { findBlock } from "../../src/core/registry.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { openModel } from "../../src/models/modelFiles.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { relativeError } from "./agreement.ts";
import { exportCase, exportedCases } from "./exported.ts";
import { familyPorts } from "./familyPorts.ts";

interface Numbers {
  shape: number[];
  data: number[];
}

/** What transformers held and gave when it loaded what was exported: see `loadExported.py`. */
interface Loaded {
  /** A digest of each tensor, by name. */
  tensors: Record<string, string>;
  tied?: boolean;
  input_ids?: number[][];
  logits?: Numbers;
  pixel_values?: Numbers;
  last_hidden_state?: Numbers;
  tokenizer?: Record<string, number>;
}
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/exported.json"), "utf8")) as {
  models: Record<string, Loaded>;
};

const stored = ({ shape, data }: Numbers) => ({ dtype: "F32" as const, shape, data: Float32Array.from(data) });
const digest = (data: Float32Array) =>
  createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex")
    .slice(0, 16);

describe("a model that is exported to transformers", () => {
  test("was loaded there for every case", () => {
    expect(Object.keys(recorded.models).sort()).toEqual(Object.keys(exportedCases).sort());
  });

  test.each(Object.entries(recorded.models))(
    "%s: what transformers held is what is written, and both give the same",
    async (name, loaded) => {
      const out = join(temporaryFolder(), "out");
      await exportCase(name, temporaryFolder(), out);
      const { tensors } = openWeights(out);
      const written = [...tensors].map(([each, { data }]) => [each, digest(data as Float32Array)]);
      expect(Object.fromEntries(written)).toEqual(loaded.tensors);

      await openDevice("wasm");
      const model = openModel({ path: out });
      const weights = new Weights(0);
      const block = findBlock(model.block.type)!;
      const run = instantiate(block, model.block.config ?? {}, new Eager(weights)) as unknown as (
        inputs: Record<string, Tensor>,
      ) => Tensor | Record<string, Tensor>;
      weights.load(model.tensors, "", out);
      const ids = loaded.input_ids ?? [];
      const inputs: Record<string, Tensor> = loaded.pixel_values
        ? familyPorts[block.name]!.inputs(new Map([["pixel_values", stored(loaded.pixel_values)]]))
        : { ids: tensor(Int32Array.from(ids.flat()), [ids.length, ids[0]!.length], "int32") };
      const result = tidy(() => {
        const given = run(inputs);
        return "hidden" in given ? given.hidden : (given as Tensor);
      });
      const expected = (loaded.logits ?? loaded.last_hidden_state)!;
      expect(relativeError(await result!.data(), expected.data)).toBeLessThan(1e-4);
      expect(model.config.vocab_size).toBe(loaded.logits?.shape[2]);
      if (loaded.tokenizer) {
        const file = JSON.parse(readFileSync(join(out, "tokenizer.json"), "utf8"));
        const added = (file.added_tokens as { content: string; id: number }[]).slice(-2);
        expect(Object.fromEntries(added.map(({ content, id }) => [content, id]))).toEqual(loaded.tokenizer);
      }
      weights.dispose();
    },
  );
});
