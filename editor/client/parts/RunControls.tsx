import { printSeconds } from "../../../src/core/duration.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import { dataWait, totalProgress } from "../../../src/runs/progress.ts";
import { isOver } from "../../../src/runs/record.ts";
import { useEditor } from "../stores/editor.ts";
import { useOwnRun } from "../stores/ownRun.ts";
import { useRun } from "../stores/run.ts";
import { ActionButton, useCan } from "./ActionButton.tsx";
import { Icon } from "./Icon.tsx";

/** Run, pause and stop, and how far the run is. */
export function RunControls() {
  const busy = useCan("stop");
  const stopping = useRun((run) => run.id !== undefined && run.state.status === "stopping");
  return (
    <div className="run-controls">
      <RunStatusText />
      {busy || stopping ? (
        <>
          <ActionButton action="pause" className="button" hideWhenOff>
            <Icon name="pause" size={14} /> Pause
          </ActionButton>
          <ActionButton action="continue" className="button primary" hideWhenOff>
            <Icon name="play" size={14} /> Continue
          </ActionButton>
          <ActionButton action="stop" className="button">
            <Icon name="stop" size={14} /> {stopping ? "Stopping" : "Stop"}
          </ActionButton>
        </>
      ) : (
        <div className="split-button">
          <ActionButton action="resume" className="button" hideWhenOff>
            Resume
          </ActionButton>
          <ActionButton action="run" className="button primary">
            <Icon name="play" size={14} /> Run
          </ActionButton>
          <ActionButton action="runWith" className="button primary caret">
            <Icon name="chevron" size={14} />
          </ActionButton>
        </div>
      )}
      <TotalBar />
    </div>
  );
}

const statusWords = {
  queued: "Waiting",
  running: "Running",
  paused: "Paused",
  stopping: "Stopping at the next step",
  succeeded: "Finished",
  stopped: "Stopped",
  failed: "Failed",
} as const;

function RunStatusText() {
  const id = useRun((run) => run.id);
  const run = useRun((state) => state.state);
  const own = useOwnRun((state) => state.own);
  const ran = useOwnRun((state) => state.ran);
  const catalog = useEditor((editor) => editor.catalog);
  if (id === undefined) return null;
  const { node, progress, secondsLeft } = totalProgress(run, run.updated ?? 0);
  const type = node === undefined || !ran ? undefined : ran.nodes[node];
  const name = type ? (type.label ?? catalog[type.type]?.title ?? node) : node;
  const counted =
    progress?.step !== undefined && progress.total
      ? `${formatCount(progress.step)} of ${formatCount(progress.total)}`
      : progress?.activity;
  const busy = run.status === "running" && name !== undefined;
  const wait = dataWait(run, progress);
  const where =
    run.step > 0 && (run.status === "stopped" || run.status === "paused")
      ? ` at step ${formatCount(run.step)} of ${formatCount(run.steps)}`
      : "";
  return (
    <p className="run-status" data-testid="run-status" data-status={run.status}>
      {ran && !own && <span className="run-of">{ran.name}:</span>}
      <span>
        {busy ? `${name}${counted ? ` · ${counted}` : ""}` : statusWords[run.status]}
        {where}
      </span>
      {busy && secondsLeft !== undefined && <span className="muted">{printSeconds(secondsLeft)} left</span>}
      {busy && wait !== undefined && (
        <span className="muted" title="Share of a training step in which the device waits for data">
          {wait}
        </span>
      )}
      {!busy && run.started !== undefined && run.updated !== undefined && run.status === "succeeded" && (
        <span className="muted">in {printSeconds((run.updated - run.started) / 1000)}</span>
      )}
    </p>
  );
}

/** A hairline under the top bar, as long as the run is far. */
function TotalBar() {
  const id = useRun((run) => run.id);
  const run = useRun((state) => state.state);
  const isBusy = id !== undefined && !isOver(run.status);
  if (!isBusy) return null;
  const { share } = totalProgress(run, run.updated ?? 0);
  return (
    <div
      className="total-bar"
      role="progressbar"
      aria-label="Progress of the run"
      aria-valuenow={Math.round(share * 100)}
      data-status={run.status}
    >
      <div style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}
