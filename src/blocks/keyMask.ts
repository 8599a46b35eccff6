import { z } from "zod";
import { functional } from "../core/functional.ts";
import { int32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { clone, concat } from "../engine/tensor.ts";

/**
 * Which keys of a text count, of all its positions so far: for attention, where a batch of texts is padded.
 *
 * keyMask[b, t] = mask[b, t]; where a text is read chunk by chunk, with the masks of the chunks before. Shapes: `mask` [batch, length],
 * `keyMask` [batch, all positions so far].
 */
export const KeyMask = definePrimitive({
  name: "KeyMask",
  title: "Key mask",
  category: "Language",
  summary: "Which keys of a text count, of all its positions so far: for attention, where a batch of texts is padded.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, length: 5 },
  inputs: { mask: int32("batch length", "1 at each token that counts, 0 at padding") },
  outputs: { keyMask: int32("batch length", "1 for keys that count, 0 for padding") },
  chunks: { along: "length", cache: true },
  build:
    () =>
    ({ mask }, cache) => {
      const before = cache?.get("mask");
      const all = before ? concat([before, mask], 1) : clone(mask);
      cache?.set("mask", all);
      return all;
    },
});

/** `keyMaskOf(mask)`: which keys count, of all positions so far. */
export const keyMaskOf = functional(KeyMask);
