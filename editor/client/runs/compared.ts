import { create } from "zustand";
import { type ErrorReport, reportOf } from "../../../src/core/errors.ts";
import { type Pipeline, parsePipeline } from "../../../src/pipeline/schema.ts";
import { emptyRun, foldRecords, type RunState } from "../../../src/runs/state.ts";
import { getJson } from "../stores/request.ts";
import { followRuns } from "../stores/studio.ts";

interface Compared {
  states: Readonly<Record<string, RunState>>;
  pipelines: Readonly<Record<string, Pipeline>>;
  /** Why a run's pipeline cannot be read. */
  faults: Readonly<Record<string, ErrorReport>>;
}

/** The runs of the compare page, as far as they are known. */
export const useCompared = create<Compared>(() => ({ states: {}, pipelines: {}, faults: {} }));

const nothing = emptyRun();

export function comparedState(run: string): RunState {
  return useCompared.getState().states[run] ?? nothing;
}

/** Reads runs and follows them until the function that it gives back is called. */
export function followCompared(runs: readonly string[]): () => void {
  for (const run of runs) void readPipelineOf(run);
  const stop = followRuns({
    runs,
    next: (run) => comparedState(run).next,
    take: (run, records) =>
      useCompared.setState(({ states }) => ({
        states: { ...states, [run]: foldRecords(states[run] ?? nothing, records) },
      })),
  });
  return () => {
    stop();
    useCompared.setState({ states: {} }); // long logs need not stay in memory
  };
}

async function readPipelineOf(run: string): Promise<void> {
  if (run in useCompared.getState().pipelines) return;
  try {
    const pipeline = parsePipeline(await getJson<unknown>(`/api/runs/${run}/pipeline`), "the run's pipeline");
    useCompared.setState(({ pipelines }) => ({ pipelines: { ...pipelines, [run]: pipeline } }));
  } catch (error) {
    useCompared.setState(({ faults }) => ({ faults: { ...faults, [run]: reportOf(error) } }));
  }
}
