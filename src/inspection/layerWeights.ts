import { placeName } from "../channels/place.ts";
import type { WeightPart } from "../channels/weights.ts";
import type { AnyBlock } from "../core/block.ts";
import type { WeightSpec } from "../core/weight.ts";
import type { PlacedBlock } from "./placedBlocks.ts";

/**
 * Parts of a model: the weights of one parameter group in one layer. A layer is the outermost block around a weight that is one of a
 * stack; weights outside of stacks belong to their node.
 *
 * @returns the parts in the order of the weights, and for each weight which part it is of
 */
export function layerWeights(
  weights: readonly Pick<WeightSpec, "name" | "group">[],
  blocks: readonly PlacedBlock[],
  findBlock: (type: string) => AnyBlock | undefined,
): { parts: WeightPart[]; partOf: number[] } {
  const layers = blocks.filter(({ types }) => findBlock(types.at(-1)!)?.layer);
  const parts = new Map<string, WeightPart>();
  const keys = weights.map(({ name, group }) => {
    const around = layers.filter((layer) => name.startsWith(`${placeName(layer)}.`));
    const outermost = around.sort((a, b) => a.path.length - b.path.length)[0];
    const { node, path } = outermost ?? { node: nodeOf(name, blocks), path: [] };
    const key = `${placeName({ node, path })} ${group}`;
    if (!parts.has(key)) parts.set(key, { node, path: [...path], group });
    return key;
  });
  const order = [...parts.keys()];
  return { parts: [...parts.values()], partOf: keys.map((key) => order.indexOf(key)) };
}

function nodeOf(name: string, blocks: readonly PlacedBlock[]): string {
  return blocks.find(({ node }) => name === node || name.startsWith(`${node}.`))?.node ?? name;
}
