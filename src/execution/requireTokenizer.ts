import { describeStarts } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import { isObject } from "../core/json.ts";
import type { FindTokenizer } from "../data/tokenizerOrigin.ts";
import { optionsOf } from "../graph/graph.ts";
import { withGraphBlocks } from "../graph/graphBlock.ts";
import { ancestors } from "../graph/order.ts";
import type { Plan, PlanNode } from "../pipeline/compile.ts";
import { findBlock, findSource } from "./registry.ts";

/** What the language models that come with the studio were pretrained with. */
const pretrainedWith: Readonly<Record<string, string>> = { "small-language": "bytes", "emoji-language": "words" };

/**
 * Checks that a source gives its texts in the tokens of the language models that read them: ids of another tokenizer are other
 * words, and a training would not tell.
 *
 * @param find finds tokenizers by name
 * @throws FlamingoError INVALID_CONFIG, naming the source and the tokenizer that the language model has; NOT_FOUND
 */
export function requireTokenizer(plan: Plan, source: PlanNode, find: FindTokenizer): void {
  const findOwn = withGraphBlocks(plan.blocks, findBlock);
  const tokenizer = findSource(source.type)?.tokenizer?.(source.config, find);
  if (!tokenizer) return;
  const { tokenizer: named } = source.config;
  const { image, endOfChunk } = tokenizer.special;
  for (const node of Object.values(plan.nodes)) {
    const block = findOwn(node.type);
    if (!block || !ancestors(plan.edges, [node.id]).has(source.id)) continue;
    for (const { weights } of describeStarts(block, node.config, {
      ...optionsOf(node),
      path: node.id,
      find: findOwn,
    })) {
      const own = tokenizerOfWeights(weights, find);
      if (typeof named !== "string" || own === undefined || own === named) continue;
      throw mismatch(
        source,
        `its tokenizer is "${named}", but "${node.id}" starts from "${weights}", which was pretrained with "${own}"`,
        `set the tokenizer of "${source.id}" to ${own}`,
      );
    }
    for (const { imageToken, rows } of languageModels([node.config, plan.blocks[node.type]?.nodes])) {
      if (imageToken !== image)
        throw mismatch(
          source,
          `its <image> token is ${image}, but the imageToken of "${node.id}" is ${imageToken}`,
          `set imageToken of "${node.id}" to ${image}, or choose the tokenizer of its language model`,
        );
      const largest = Math.max(image, endOfChunk);
      if (largest >= rows)
        throw mismatch(
          source,
          `it gives token ${largest}, but "${node.id}" has ${rows} (vocabulary and newTokens)`,
          `set newTokens of "${node.id}" so that it has ${largest + 1}`,
        );
    }
  }
}

/** Name of the tokenizer that pretrained weights belong to; undefined where nobody knows. */
function tokenizerOfWeights(weights: string, find: FindTokenizer): string | undefined {
  if (Object.hasOwn(pretrainedWith, weights)) return pretrainedWith[weights];
  try {
    find(weights);
    return weights;
  } catch {
    return undefined; // an image encoder, or a run
  }
}

/** The language models that read images, at any depth of a configuration. */
function* languageModels(value: unknown): Generator<{ imageToken: number; rows: number }> {
  if (Array.isArray(value)) for (const each of value) yield* languageModels(each);
  if (!isObject(value)) return;
  const { imageToken, vocabulary, newTokens = 0 } = value;
  if (typeof imageToken === "number" && typeof vocabulary === "number")
    yield { imageToken, rows: vocabulary + Number(newTokens) };
  for (const each of Object.values(value)) yield* languageModels(each);
}

function mismatch(source: PlanNode, finding: string, fix: string): FlamingoError {
  return new FlamingoError("INVALID_CONFIG", `"${source.id}" does not fit the language model: ${finding}`, {
    block: source.id,
    fix,
  });
}
