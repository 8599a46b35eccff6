import { createHash } from "node:crypto";
import { computationOf } from "../graph/computation.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import { readTemplate, templateNames } from "./templates.ts";

/** A training that another one starts from: a template, with a seed. */
export interface Stage {
  /** The id of its run: the same for the same content and seed. */
  id: string;
  pipeline: Pipeline;
  seed: number;
}

/** Finds a template by its name; undefined where there is none. */
type FindTemplate = (name: string) => Promise<Pipeline | undefined>;

const findTemplate: FindTemplate = async (name) =>
  (await templateNames()).includes(name) ? readTemplate(name) : undefined;

/**
 * A pipeline that starts from stages: weights that have the name of a template are what it trains with the run's seed. Each such name becomes
 * the id of the run that trains it, so that a run's record always means the same weights.
 */
export async function withStages(pipeline: Pipeline, seed: number, find = findTemplate): Promise<Pipeline> {
  const ids = new Map<string, string>();
  for (const name of weightsIn(pipeline.nodes)) {
    const template = await find(name);
    if (template) ids.set(name, (await stageOf(name, template, seed, find)).id);
  }
  if (ids.size === 0) return pipeline;
  return mapWeights(pipeline, (name) => ids.get(name) ?? name) as Pipeline;
}

/** The stages that a pipeline names by the ids of their runs, those first that others start from. */
export async function stagesOf(pipeline: Pipeline, seed: number, find = findTemplate): Promise<Stage[]> {
  const stages = new Map<string, Stage>();
  for (const id of weightsIn(pipeline.nodes)) {
    const name = /^(.+)-[0-9a-f]{12}$/.exec(id)?.[1];
    const template = name === undefined ? undefined : await find(name);
    const stage = template && (await stageOf(name!, template, seed, find));
    if (stage?.id !== id) continue;
    for (const before of await stagesOf(stage.pipeline, seed, find)) stages.set(before.id, before);
    stages.set(id, stage);
  }
  return [...stages.values()];
}

async function stageOf(name: string, template: Pipeline, seed: number, find: FindTemplate): Promise<Stage> {
  const pipeline = await withStages(template, seed, find);
  const hash = createHash("sha256").update(`${computationOf(pipeline, pipeline.blocks)} ${seed}`);
  return { id: `${name}-${hash.digest("hex").slice(0, 12)}`, pipeline, seed };
}

/** Every name of pretrained weights in a part of a pipeline: of its nodes, and of the blocks in their slots. */
function weightsIn(part: unknown): Set<string> {
  const names = new Set<string>();
  mapWeights(part, (name) => {
    names.add(name);
    return name;
  });
  return names;
}

function mapWeights(part: unknown, change: (name: string) => string): unknown {
  if (Array.isArray(part)) return part.map((each) => mapWeights(each, change));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === "weights" && typeof value === "string" ? change(value) : mapWeights(value, change),
    ]),
  );
}
