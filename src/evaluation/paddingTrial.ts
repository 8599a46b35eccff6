import { FlamingoError } from "../core/errors.ts";
import { dispose, slice, type Tensor, tidy } from "../engine/tensor.ts";
import type { PromptTokens } from "./prompt.ts";
import { haveSameValues } from "./sameValues.ts";

/**
 * Tries whether padding before a text changes what a model gives, so that prompts of different lengths may be continued in one batch.
 *
 * A model that takes a mask may still depend on the padding: where a layer of its own does not read the mask, where positions are counted
 * with the padding, or where they turn by the length of the whole batch (dynamic NTK).
 */
export class PaddingTrial {
  readonly #read: (prompt: PromptTokens, mask?: Int32Array) => Promise<Tensor>;
  readonly #pad: number;
  /** The length up to which padding was found to change nothing; undefined once it was found to change something. */
  #harmlessTo: number | undefined = 0;

  /** @param read gives a prompt's logits [1, length, tokens], with a mask of that length that is 0 at padding */
  constructor(read: (prompt: PromptTokens, mask?: Int32Array) => Promise<Tensor>, pad: number) {
    this.#read = read;
    this.#pad = pad;
  }

  /** Whether these prompts give the same with as much padding before them as a batch may bring. @param most tokens that will follow */
  async isHarmless(prompts: readonly PromptTokens[], most: number): Promise<boolean> {
    const length = most + Math.max(...prompts.map(({ ids }) => ids.length));
    if (this.#harmlessTo !== undefined && length > this.#harmlessTo) {
      const shortest = prompts.reduce((best, each) => (each.ids.length < best.ids.length ? each : best));
      this.#harmlessTo = (await this.#givesSame(shortest, length)) ? length : undefined;
    }
    return this.#harmlessTo !== undefined;
  }

  /** Whether a prompt has the same logits alone and padded to a length. */
  async #givesSame(prompt: PromptTokens, length: number): Promise<boolean> {
    const { ids, media } = prompt;
    const padding = new Array<number>(length - ids.length).fill(this.#pad);
    const mask = Int32Array.from({ length }, (_, at) => (at < padding.length ? 0 : 1));
    const last: Tensor[] = [];
    try {
      last.push(lastOf(await this.#read(prompt)));
      last.push(lastOf(await this.#read({ ids: [...padding, ...ids], media }, mask)));
      return await haveSameValues(last[0]!, last[1]!);
    } catch (error) {
      if (error instanceof FlamingoError) return false; // there is no room for padding
      throw error;
    } finally {
      dispose(last);
    }
  }
}

/** Logits at the last position; disposes all of them. */
function lastOf(logits: Tensor): Tensor {
  const [, length, tokens] = logits.shape as [number, number, number];
  const last = tidy(() => slice(logits, [0, length - 1, 0], [1, 1, tokens]));
  logits.dispose();
  return last;
}
