import { create } from "zustand";
import { sameComputation } from "../../../src/graph/computation.ts";
import { type Pipeline, parsePipeline } from "../../../src/pipeline/schema.ts";
import { emptyRun, type RunState } from "../../../src/runs/state.ts";
import { setOriginRun, useEditor } from "./editor.ts";
import { getJson } from "./request.ts";
import { useRun } from "./run.ts";

interface OwnRun {
  /** The shown run whose pipeline is known, and that pipeline as it ran. */
  run: string | undefined;
  ran: Pipeline | undefined;
  /** Whether it is the pipeline on the canvas, or what was made of it since by editing. */
  own: boolean;
  /** Nodes of the canvas that ran in it. */
  nodes: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();
const unknown: OwnRun = { run: undefined, ran: undefined, own: false, nodes: none };
const noState = emptyRun();

/** Which of the canvas's nodes the shown run ran: another pipeline's run shows nothing on this one. */
export const useOwnRun = create<OwnRun>(() => unknown);

/** Notes with which pipeline a run was started, so that the server need not be asked. */
export function noteRunPipeline(run: string, ran: Pipeline): void {
  useOwnRun.setState({ ...unknown, run, ran });
}

/** Follows the shown run and the pipeline for good. */
export function watchOwnRun(): void {
  useRun.subscribe((now, before) => {
    if (now.id !== before.id) void learn(now.id);
  });
  useEditor.subscribe((now, before) => {
    if (now.pipeline !== before.pipeline || now.origin !== before.origin) judge();
  });
  void learn(useRun.getState().id);
}

/** The run's state, as a node shows it: empty where the node did not run in it. */
export function nodeRun(id: string): RunState {
  return useOwnRun.getState().nodes.has(id) ? useRun.getState().state : noState;
}

/** Something of the run's state, as a node shows it. */
export function useNodeRun<T>(id: string, pick: (state: RunState) => T): T {
  const ran = useOwnRun(({ nodes }) => nodes.has(id));
  return useRun(({ state }) => pick(ran ? state : noState));
}

async function learn(run: string | undefined): Promise<void> {
  if (run === undefined) return useOwnRun.setState(unknown);
  if (useOwnRun.getState().run !== run) {
    useOwnRun.setState({ ...unknown, run });
    try {
      const ran = parsePipeline(await getJson<unknown>(`/api/runs/${run}/pipeline`), "the run's pipeline");
      if (useOwnRun.getState().run === run) useOwnRun.setState({ ran });
    } catch {
      return; // a run that cannot be read is nobody's
    }
  }
  judge();
}

function judge(): void {
  const { run, ran, nodes: before } = useOwnRun.getState();
  const { pipeline, origin } = useEditor.getState();
  if (run === undefined || !ran) return;
  const own = origin.run === run || sameComputation(pipeline, ran);
  const nodes = Object.keys(own ? pipeline.nodes : {}).filter((id) => pipeline.nodes[id]!.type === ran.nodes[id]?.type);
  const same = nodes.length === before.size && nodes.every((id) => before.has(id));
  useOwnRun.setState({ own, ...(same ? {} : { nodes: new Set(nodes) }) });
  if (own) setOriginRun(run);
}
