import { isOver } from "../../../src/runs/record.ts";
import { useRun } from "../stores/run.ts";

/** What a panel will draw, as a ghost of it. */
const sketches = {
  loss: "M8 10C30 12 34 44 60 50S104 54 112 55",
  gates: "M8 56C40 54 44 16 112 12M8 56C40 55 50 32 112 30M8 56C40 56 56 46 112 44",
  grid: "M36 6h48v48h-48ZM36 22h48M36 38h48M52 6v48M68 6v48",
  cards: "M14 10h40v18h-40ZM66 10h40v18h-40ZM14 38h40v18h-40ZM66 38h40v18h-40Z",
  rows: "M14 14h92M14 28h92M14 42h60",
} as const;

interface NothingYet {
  what: string;
  sketch: keyof typeof sketches;
  /** What a pipeline must have, so that its runs record this. */
  needs?: string;
}

/** What a panel says while it has nothing to show: what will be here, and what has to be done for that. */
export function NoRun({ what, sketch, needs }: NothingYet) {
  const id = useRun((run) => run.id);
  const status = useRun((run) => run.state.status);
  const waits = id !== undefined && !isOver(status);
  const axes = sketch === "loss" || sketch === "gates";
  return (
    <div className="no-run">
      <svg width="120" height="64" viewBox="0 0 120 64" aria-hidden="true">
        {axes && <path d="M8 4V58H114" className="sketch-axis" />}
        <path d={sketches[sketch]} className="sketch" />
      </svg>
      <p>{what}</p>
      {id === undefined && <p className="muted">Press Run, or choose a past run on the right.</p>}
      {id !== undefined && !waits && (
        <p className="muted">
          {needs ? `This run has none: add ${needs} to the pipeline, and run it.` : "This run has none."}
        </p>
      )}
      {waits && (
        <p className="waiting">
          <span className="spinner" aria-hidden="true" /> The run is on its way there.
        </p>
      )}
    </div>
  );
}
