import { FlamingoError } from "../../core/errors.ts";
import type { SourceContext } from "../source.ts";
import { BadSamples } from "./badSamples.ts";
import { type SplitShard, sampleCount } from "./shard.ts";
import { shardPaths } from "./shardPaths.ts";

interface ShardsConfig {
  shards: string;
  maxBad: number;
}

/**
 * Looks through all shards of a source for their samples.
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for shards that cannot be used, that hold no sample, or too many bad ones
 */
export function openShards(
  { shards: text, maxBad }: ShardsConfig,
  ending: string,
  { progress, warn }: Pick<SourceContext, "progress" | "warn">,
  index: (path: string, bad: BadSamples) => SplitShard,
): { shards: SplitShard[]; badSamples: BadSamples } {
  const badSamples = new BadSamples(text, maxBad, warn);
  const paths = shardPaths(text, ending);
  const shards = paths.map((path, at) => {
    progress("looking through shards", at, paths.length);
    return index(path, badSamples);
  });
  requireSamples(text, shards);
  return { shards, badSamples };
}

/** @throws FlamingoError INVALID_DATA if there is nothing to train on */
export function requireSamples(source: string, shards: readonly SplitShard[]): void {
  if (shards.some(({ train }) => sampleCount(train) > 0)) return;
  const heldOut = shards.reduce((sum, shard) => sum + sampleCount(shard.heldOut), 0);
  const found = heldOut > 0 ? `all ${heldOut} samples of ${source} are held out` : `${source} has no samples`;
  throw new FlamingoError("INVALID_DATA", `${found}: there is nothing to train on`, {
    source,
    fix: heldOut > 0 ? "hold out fewer" : "name files with samples",
  });
}
