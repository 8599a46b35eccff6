import { instantiate } from "../../src/core/instantiate.ts";
import type { Reading } from "../../src/core/reading.ts";
import { findBlock } from "../../src/core/registry.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, gather, keep, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { type Decoding, openDecoding } from "../../src/evaluation/decoding.ts";
import type { FamilyCase } from "./familyCase.ts";
import { familyPorts } from "./familyPorts.ts";

type Run = (inputs: Record<string, Tensor | undefined>) => Tensor;

/** A case's model on the open device, ready to continue prompts. */
export interface FamilyDecoding {
  /** The case's own inputs: `ids`, `mask`, and the images of a Flamingo, row by row. */
  inputs: Record<string, Tensor>;
  /**
   * Opens texts of which row r goes on with the images of row `rows[r]`.
   * @param whole uses no KV cache
   */
  open(rows: readonly number[], whole?: boolean): Decoding;
  dispose(): void;
}

export function openFamily({ model, weights: numbers, inputs: stored }: FamilyCase): FamilyDecoding {
  const block = findBlock(model.block.type)!;
  const weights = new Weights(0);
  const inputs = familyPorts[block.name]!.inputs(stored);
  const { ids: _, mask: __, ...others } = inputs;
  const make = (reading: Reading) => instantiate(block, model.block.config ?? {}, reading) as unknown as Run;
  make({ weight: (spec) => weights.create(spec).variable, call: () => ({}) });
  weights.load(numbers, "", "the case");
  return {
    inputs,
    open(rows, whole = false) {
      const chosen = Object.entries(others).map(([port, value]) => [port, rowsOf(value, rows)] as const);
      const decoding = openDecoding(
        rows.length,
        weights,
        (readingOf) => {
          const run = make(readingOf());
          return (ids, mask) => run({ ...Object.fromEntries(chosen), ids, mask });
        },
        whole,
      );
      return {
        get uncachedBecause() {
          return decoding.uncachedBecause;
        },
        read: (ids, mask) => decoding.read(ids, mask),
        select: (from) => decoding.select(from),
        dispose: () => {
          decoding.dispose();
          dispose(chosen.map(([, value]) => value));
        },
      };
    },
    dispose() {
      dispose(Object.values(inputs));
      weights.dispose();
    },
  };
}

function rowsOf(value: Tensor, rows: readonly number[]): Tensor {
  return tidy(() => keep(gather(value, tensor(Int32Array.from(rows), [rows.length], "int32"))));
}
