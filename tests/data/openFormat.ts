import type { Batch, SourceDefinition } from "../../src/data/source.ts";
import * as sourcesByName from "../../src/data/sources/index.ts";
import { captionsIn } from "./captionsIn.ts";

const definitions = Object.values(sourcesByName) as unknown as SourceDefinition[];

export function formatDefinition(name: string): SourceDefinition {
  return definitions.find((source) => source.name === name)!;
}

/** Opens a source of data that is read as it goes, and notes what it warns about. */
export async function openFormat(name: string, config: Record<string, unknown>, seed = 5) {
  const warnings: string[] = [];
  const context = { seed, cache: "", progress: () => {}, warn: (message: string) => warnings.push(message) };
  const definition = formatDefinition(name);
  const source = await definition.open(definition.config.parse(config), context);
  return {
    source,
    warnings,
    captions: async (index = 0) => captionsIn(source, await source.batch(index)),
    /** What was skipped in a batch, each once. */
    skipped: async (index = 0) => skippedIn(await source.batch(index)),
  };
}

function skippedIn({ images }: Batch): string[] {
  return [...new Set((images!.skipped ?? []).map(({ name, reason }) => `${name}: ${reason}`))];
}
