import { expect, test } from "vitest";
import { catalog } from "../../src/execution/registry.ts";
import { type EarlierRun, type NodePlan, previewPlan } from "../../src/pipeline/planPreview.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";
import { template } from "../editor/writeRun.ts";

const original = template("emoji-captions");
const steps = original.nodes.train!.config.steps as number;
const ran: EarlierRun = { id: "before", pipeline: original, seed: 0, steps, succeeded: true };

/** The verdicts of a pipeline with changes, by node. */
function planOf(change: (pipeline: Pipeline) => void, asked = {}, earlier: EarlierRun | undefined = ran) {
  const pipeline = structuredClone(original);
  change(pipeline);
  const plan = previewPlan(pipeline, catalog, { seed: 0, ...asked }, earlier);
  return Object.fromEntries(plan.map(({ node, ...rest }) => [node, rest])) as Record<string, Omit<NodePlan, "node">>;
}

const ids = Object.keys(original.nodes);
const running = (plan: ReturnType<typeof planOf>) => ids.filter((id) => plan[id]?.verdict === "runs").sort();

test("what ran as it is, with the same seed and steps, is cached; labels and places do not count", () => {
  expect(running(planOf(() => {}))).toEqual([]);
  const moved = (pipeline: Pipeline) => {
    pipeline.nodes.loss!.label = "Mine";
    pipeline.view.positions.loss = [1, 2];
  };
  expect(running(planOf(moved))).toEqual([]);
});

test("a change runs its node and all after it, and says why", () => {
  const plan = planOf((pipeline) => (pipeline.nodes.flamingo!.config.imageSize = 16));
  expect(running(plan)).toEqual(["evaluate", "flamingo", "loss", "samples", "train"]);
  expect(plan.flamingo!.why).toBe("its configuration changed");
  expect(plan.train!.why).toBe("because of “flamingo”: its configuration changed");
  expect(plan.documents!.verdict).toBe("cached");
});

test("a change of what judges runs that alone; one of the training runs what judges it too", () => {
  expect(running(planOf((pipeline) => (pipeline.nodes.evaluate!.config.examples = 3)))).toEqual(["evaluate"]);
  const plan = planOf((pipeline) => (pipeline.nodes.train!.config.rate = 0.5));
  expect(running(plan)).toEqual(["evaluate", "samples", "train"]);
  expect(plan.evaluate!.why).toBe("“train” trains the model anew");
});

test("another seed, other steps, a run that did not end, and no run at all are reasons", () => {
  expect(running(planOf(() => {}, { seed: 1 }))).toEqual([...ids].sort());
  expect(running(planOf(() => {}, { steps: 5 }))).toEqual(["evaluate", "samples", "train"]);
  expect(running(planOf(() => {}, {}, { ...ran, succeeded: false }))).toEqual([...ids].sort());
  const never = previewPlan(original, catalog, { seed: 0 }, undefined);
  expect(never.every(({ verdict, why }) => verdict === "runs" && why === "it never ran")).toBe(true);
});

test("a node that no action needs does not run", () => {
  const plan = planOf((pipeline) => {
    pipeline.nodes.spare = { type: "Gelu", config: {} };
  });
  expect(plan.spare).toEqual({ verdict: "unused", why: "no action needs it" });
  expect(planOf(() => {}, { targets: ["evaluate"] }).train!.verdict).toBe("unused");
});
