import { createHash } from "node:crypto";
import { z } from "zod";
import type { FewShotCurve } from "../channels/fewShot.ts";
import { FlamingoError } from "../core/errors.ts";
import { isObject } from "../core/json.ts";
import { computationOf } from "../graph/computation.ts";
import { type Pipeline, parsePipeline } from "../pipeline/schema.ts";
import type { RunState } from "./state.ts";

/** Which number a run is judged by. */
const measure = z.discriminatedUnion("channel", [
  z.strictObject({ channel: z.literal("results"), set: z.string(), metric: z.string() }),
  z.strictObject({
    channel: z.literal("fewShot"),
    set: z.string(),
    choice: z.enum(["random", "similar"]),
    shots: z.int().nonnegative(),
  }),
  z.strictObject({ channel: z.literal("loss"), last: z.int().positive() }),
]);

const change = z.strictObject({
  name: z.string().min(1).max(80),
  /** Values by their path in the base's nodes: `{ "flamingo.config.languageModel.config.every": 2 }`. null removes what is there. */
  set: z.record(z.string().min(1), z.json()),
  /** The number that the paper has for this change. */
  paper: z.number().exactOptional(),
});

const schema = z.strictObject({
  format: z.literal("flamingo-ablation"),
  version: z.literal(1),
  name: z.string().min(1).max(80),
  description: z.string().default(""),
  /** A template's name, or a pipeline. */
  base: z.union([z.string(), z.looseObject({ format: z.literal("flamingo-pipeline") })]),
  seeds: z.array(z.int().nonnegative()).min(1),
  /** Steps of each training, instead of what the base says. */
  steps: z.int().positive().exactOptional(),
  measure,
  better: z.enum(["higher", "lower"]),
  /** What the paper's numbers are, and its number for the base. Higher is better. */
  paper: z.strictObject({ what: z.string(), base: z.number() }).exactOptional(),
  changes: z.array(change).min(1),
});

/** A base pipeline, named changes of it, and the seeds that each is trained with. */
export type Ablation = z.output<typeof schema>;
type Change = z.output<typeof change>;

/** One run of an ablation. */
export interface AblationRun {
  /** The same for the same computation, seed and steps: what is there is not computed again, whichever ablation it was made for. */
  id: string;
  /** Name of the change; undefined for the base. */
  change: string | undefined;
  pipeline: Pipeline;
  seed: number;
}

/** @throws FlamingoError INVALID_DATA for a file that is no ablation */
export function parseAblation(value: unknown, source: string): Ablation {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  throw new FlamingoError("INVALID_DATA", `${source}: ${path.join(".") || "the ablation"}: ${message}`, {
    source,
    fix: "mend the place that the message names",
  });
}

/**
 * The runs of an ablation: seed by seed the base, then each change, so that whoever stops early has whole pairs.
 * @throws FlamingoError INVALID_DATA for a change whose path the base does not have; INVALID_PIPELINE for what a change makes of it
 */
export function ablationRuns({ seeds, steps, changes }: Ablation, base: Pipeline): AblationRun[] {
  const all = [{ name: undefined, pipeline: base }].concat(
    changes.map((each) => ({ name: each.name as never, pipeline: changed(base, each) })),
  );
  return seeds.flatMap((seed) =>
    all.map(({ name, pipeline }) => ({ id: idOf(name, pipeline, seed, steps), change: name, pipeline, seed })),
  );
}

function idOf(name: string | undefined, pipeline: Pipeline, seed: number, steps: number | undefined): string {
  const words = (name ?? "base").toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const hash = createHash("sha256").update(`${computationOf(pipeline, pipeline.blocks)} ${seed} ${steps ?? ""}`);
  return `ablation-${words.replace(/^-+|-+$/g, "").slice(0, 32)}-${hash.digest("hex").slice(0, 12)}`;
}

function changed(base: Pipeline, { name, set }: Change): Pipeline {
  const nodes = structuredClone(base.nodes);
  for (const [path, value] of Object.entries(set)) {
    const keys = path.split(".");
    const last = keys.pop()!;
    let place: unknown = nodes;
    for (const key of keys) place = isObject(place) && Object.hasOwn(place, key) ? place[key] : undefined;
    if (!isObject(place)) {
      const message = `the change "${name}" sets ${path}, which the base has no place for`;
      throw new FlamingoError("INVALID_DATA", message, { fix: `nodes of the base: ${Object.keys(nodes).join(", ")}` });
    }
    if (value === null) delete place[last];
    else place[last] = value;
  }
  return parsePipeline({ ...base, nodes }, `the change "${name}"`);
}

/** The number that a run is judged by; undefined where it has none. */
export function measured({ channels }: Pick<RunState, "channels">, { measure }: Ablation): number | undefined {
  if (measure.channel === "results") {
    const metrics = channels.results.find(({ set }) => set === measure.set)?.metrics;
    return metrics?.find(({ metric }) => metric === measure.metric)?.value;
  }
  if (measure.channel === "fewShot") {
    const { set, choice, shots } = measure;
    const curve = channels.fewShot.find((each: FewShotCurve) => each.set === set && each.choice === choice);
    return curve?.points.find((point) => point.shots === shots)?.value;
  }
  const losses = [...channels.loss.total].slice(-measure.last).map(([, loss]) => loss);
  return losses.length === 0 ? undefined : losses.reduce((sum, each) => sum + each, 0) / losses.length;
}
