import type { InputsOf, ResultOf } from "../core/block.ts";
import type { Ports } from "../core/port.ts";
import { keep, type Tensor } from "../engine/tensor.ts";
import type { Built } from "../models/build.ts";
import { type Look, meanOverHeads } from "./attention.ts";

/**
 * Calls a block and sees where its attention went: shares of each query over the keys, mean over heads, for every place
 * where the block attends, in order.
 *
 * @example
 * const { result, looks } = await watchAttention(attend, { text, media, locations });
 * looks[0].shares[0]; // [length][media·latents] of the first sequence
 */
export async function watchAttention<I extends Ports, O extends Ports>(
  // biome-ignore lint/suspicious/noExplicitAny: the configuration's type does not matter here
  block: Built<any, I, O>,
  inputs: InputsOf<I, Tensor>,
): Promise<{ result: ResultOf<O, Tensor>; looks: Look[] }> {
  const seen: { path: string; tensor: Tensor }[] = [];
  const see = (path: string, tensor: Tensor) => void seen.push({ path, tensor: keep(tensor) });
  const result = block.watched([{ name: "weights", at: () => true, see }], () => block(inputs));
  const looks = await Promise.all(
    seen.map(async ({ path, tensor }) => ({ path, shares: await meanOverHeads(tensor) })),
  );
  for (const { tensor } of seen) tensor.dispose();
  return { result, looks };
}
