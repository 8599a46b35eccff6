import { useMemo } from "react";
import { type Asked, type EarlierRun, type NodePlan, previewPlan } from "../../../src/pipeline/planPreview.ts";
import { isOver } from "../../../src/runs/record.ts";
import { useEditor } from "./editor.ts";
import { useOwnRun } from "./ownRun.ts";
import { useRun } from "./run.ts";

/** The shown run, if it ran what the canvas's pipeline was made from. */
export function earlierRun(): EarlierRun | undefined {
  const { id, state } = useRun.getState();
  const { run, ran, own } = useOwnRun.getState();
  if (id === undefined || run !== id || !ran || !own || !isOver(state.status)) return undefined;
  const { seed, steps, status } = state;
  return { id, pipeline: ran, seed, steps, succeeded: status === "succeeded" };
}

/** What a run of the pipeline as it is now does with each node. A run has seed 0 unless another is given. */
export function currentPlan({ seed = 0, ...asked }: Partial<Asked> = {}): NodePlan[] {
  const { pipeline, library } = useEditor.getState();
  return previewPlan(pipeline, library, { seed, ...asked }, earlierRun());
}

/** The same, kept up to date. */
export function usePlan({ seed, steps }: Partial<Asked> = {}): NodePlan[] {
  const pipeline = useEditor((editor) => editor.pipeline);
  const library = useEditor((editor) => editor.library);
  const own = useOwnRun();
  const status = useRun((run) => run.state.status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the plan follows from these
  return useMemo(
    () => currentPlan({ ...(seed === undefined ? {} : { seed }), steps }),
    [pipeline, library, own, status, seed, steps],
  );
}
