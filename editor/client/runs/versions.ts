import { type Color, colorsOf } from "../../../src/figures/colors.ts";
import { computationOf } from "../../../src/graph/computation.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import type { RunSummary } from "../../shared/protocol.ts";

/** Runs of one pipeline, which differ in their seeds and their lengths at most. */
export interface RunVersion {
  /** `A`, `B`. */
  letter: string;
  /** `A · Emoji captions`. */
  name: string;
  pipeline: Pipeline;
  runs: ChosenRun[];
  color: Color;
}

export interface ChosenRun {
  id: string;
  /** `A · seed 1`, or the version's name where it has one run. */
  name: string;
  seed: number;
  color: Color;
}

/** Chosen runs by what they computed, in the order of the first of each; runs whose pipeline is not known are left out. */
export function versionsOf(
  chosen: readonly string[],
  runs: readonly RunSummary[],
  pipelines: Readonly<Record<string, Pipeline>>,
): RunVersion[] {
  const groups: { pipeline: Pipeline; computation: string; runs: RunSummary[] }[] = [];
  for (const id of chosen) {
    const [run, pipeline] = [runs.find((each) => each.id === id), pipelines[id]];
    if (!run || !pipeline) continue;
    const computation = computationOf(pipeline, pipeline.blocks);
    const group = groups.find((each) => each.computation === computation);
    if (group) group.runs.push(run);
    else groups.push({ pipeline, computation, runs: [run] });
  }
  const isMany = groups.length > 1;
  const colors = colorsOf(isMany ? groups.length : (groups[0]?.runs.length ?? 0));
  return groups.map(({ pipeline, runs: own }, index) => {
    const letter = String.fromCharCode(65 + (index % 26));
    const color = colors[index]!;
    const name = `${letter} · ${own[0]!.name}`;
    return {
      letter,
      name,
      pipeline,
      color,
      runs: own.map(({ id, seed }, at) => ({
        id,
        seed,
        name: own.length === 1 ? name : `${letter} · seed ${seed}`,
        color: isMany ? color : colors[at]!,
      })),
    };
  });
}
