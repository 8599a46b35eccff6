import type { InputsOf, ResultOf } from "../core/call.ts";
import type { Ports } from "../core/port.ts";
import { keep, type Tensor } from "../engine/tensor.ts";
import type { Built } from "../models/build.ts";
import { meanOverHeads } from "./attention.ts";

/** Attention weights at one place of a block, mean over heads: [sequences][queries][keys]. */
export interface WatchedAttention {
  /** Name of the attention block inside the block that was called. */
  path: string;
  weights: number[][][];
}

/**
 * Calls a block and reads its attention weights, mean over heads, for every attention inside it, in order.
 *
 * @example
 * const { result, attention } = await watchAttention(attend, { text, media, locations });
 * attention[0].weights[0]; // [length][media·latents] of the first sequence
 */
export async function watchAttention<I extends Ports, O extends Ports>(
  // biome-ignore lint/suspicious/noExplicitAny: the configuration's type does not matter here
  block: Built<any, I, O>,
  inputs: InputsOf<I, Tensor>,
): Promise<{ result: ResultOf<O, Tensor>; attention: WatchedAttention[] }> {
  const seen: { path: string; tensor: Tensor }[] = [];
  const see = (path: string, tensor: Tensor) => void seen.push({ path, tensor: keep(tensor) });
  const result = block.watched([{ of: { probe: "weights" }, at: () => true, see }], () => block(inputs));
  const attention = await Promise.all(
    seen.map(async ({ path, tensor }) => ({ path, weights: await meanOverHeads(tensor) })),
  );
  for (const { tensor } of seen) tensor.dispose();
  return { result, attention };
}
