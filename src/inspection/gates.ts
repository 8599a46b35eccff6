import type { Gate } from "../channels/gates.ts";
import { type Place, placeAround, placeName } from "../channels/place.ts";
import type { AnyBlock } from "../core/block.ts";
import type { WeightSpec } from "../core/weight.ts";
import type { PlacedBlock } from "./placedBlocks.ts";

/**
 * The gates among weights, each with its place in the graph, in the weights' order.
 *
 * A gate is a weight of the group `gate`. What it gates is the block whose output its own block gets as `update`. Layers are
 * the blocks around the gates, counted in the order in which they are called.
 */
export function findGates(
  weights: readonly Pick<WeightSpec, "name" | "group">[],
  blocks: readonly PlacedBlock[],
  findBlock: (type: string) => AnyBlock | undefined,
): Gate[] {
  const gates = weights.filter(({ group }) => group === "gate").map(({ name }) => ownBlock(name, blocks));
  const owners = new Set(gates.map(({ block }) => block));
  const layers = [...new Set(blocks.filter((block) => owners.has(block)).map(layerName))];
  return gates.map(({ block, path }) => ({
    node: block.node,
    path,
    layer: layers.indexOf(layerName(block)),
    update: findBlock(block.inputs.update ?? "")?.title ?? findBlock(block.types.at(-1)!)?.title ?? "gate",
  }));
}

/**
 * The gate that a block's output passes into the residual stream: a weight of the group `gate` whose block takes that output as
 * its `update`, in the same layer. Undefined where there is none.
 */
export function gateOf<Weight extends Pick<WeightSpec, "name" | "group">>(
  place: Pick<PlacedBlock, "node" | "path" | "types">,
  weights: readonly Weight[],
  blocks: readonly PlacedBlock[],
): Weight | undefined {
  return weights.find(({ name, group }) => {
    if (group !== "gate") return false;
    const { block } = ownBlock(name, blocks);
    return layerName(block) === layerName(place) && block.inputs.update === place.types.at(-1);
  });
}

/** The block that a weight belongs to, the innermost of those around it, and the weight's path from the node. */
function ownBlock(name: string, blocks: readonly PlacedBlock[]): { block: PlacedBlock; path: string[] } {
  const around = blocks.filter((each) => name === placeName(each) || name.startsWith(`${placeName(each)}.`));
  const block = around.reduce((inner, each) => (each.path.length > inner.path.length ? each : inner));
  const rest = name.slice(placeName(block).length + 1);
  return { block, path: [...block.path, ...(rest ? [rest] : [])] };
}

function layerName(block: Place): string {
  return placeName(placeAround(block));
}
