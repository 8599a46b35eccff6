import { placeName } from "../channels/place.ts";
import type { BlockLookup } from "../core/block.ts";
import type { Probe } from "../engine/readings/eager.ts";
import { keep, mul, sum, type Tensor, tidy } from "../engine/tensor.ts";
import type { PlacedBlock } from "./placedBlocks.ts";

/** A model that is watched while it computes. */
interface Watched {
  findBlock: BlockLookup;
  placedBlocks(): readonly PlacedBlock[];
  watched<T>(probes: readonly Probe[], f: () => T): T;
}

/**
 * The first output, in the order of computation, with a value that is not finite, as `block.port`; undefined where all are finite.
 * @param forward computes the model on the batch in question
 */
export async function firstNonFinite(model: Watched, forward: () => Tensor): Promise<string | undefined> {
  const outputs = new Map<string, readonly string[]>();
  for (const block of model.placedBlocks()) {
    const definition = model.findBlock(block.types.at(-1)!);
    if (definition?.kind === "primitive") outputs.set(placeName(block), Object.keys(definition.outputs));
  }
  const seen: { name: string; check: Tensor }[] = [];
  const probes = [...new Set([...outputs.values()].flat())].map(
    (port): Probe => ({
      of: { output: port },
      at: (path) => outputs.get(path)?.includes(port) ?? false,
      see: (path, value) => {
        if (value.dtype !== "float32") return;
        // 0 times a number is 0; times NaN or infinity it is NaN.
        seen.push({ name: `${path}.${port}`, check: keep(tidy(() => sum(mul(value, 0)))) });
      },
    }),
  );
  tidy(() => void model.watched(probes, forward));
  let first: string | undefined;
  for (const { name, check } of seen) {
    const [value] = await check.data();
    if (value !== 0) first ??= name;
    check.dispose();
  }
  return first;
}
