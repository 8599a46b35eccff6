import { printBytes } from "../../../src/core/bytes.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import type { RunSummary } from "../../shared/protocol.ts";
import { openRunPipeline } from "../stores/document.ts";
import { tellError } from "../stores/notices.ts";
import { useRun } from "../stores/run.ts";
import { useStudio, watchRun } from "../stores/studio.ts";
import { Icon } from "./Icon.tsx";
import { usePopover } from "./usePopover.ts";

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Which run is shown: a finished one is read like a live one. */
export function RunChooser() {
  const runs = useStudio((studio) => studio.runs);
  const id = useRun((run) => run.id);
  const { open, setOpen, box } = usePopover<HTMLDivElement>();
  const current = runs.find((run) => run.id === id);
  if (runs.length === 0) return null;
  const label = current ? `${current.name}, ${clock.format(current.created)}` : "Past runs";
  return (
    <div className="anchor" ref={box}>
      <button type="button" className="button quiet" title={label} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="run-label">{label}</span>
        <Icon name="chevron" size={13} />
      </button>
      {open && (
        <div className="popover runs" role="dialog" aria-label="Runs">
          {id !== undefined && (
            <button
              type="button"
              className="menu-item"
              onClick={() => {
                setOpen(false);
                void openRunPipeline(id).catch(tellError);
              }}
            >
              Open this run’s pipeline on the canvas
            </button>
          )}
          <p className="popover-title">Runs</p>
          {runs.slice(0, 50).map((run) => (
            <RunItem key={run.id} run={run} shown={run.id === id} close={() => setOpen(false)} />
          ))}
        </div>
      )}
    </div>
  );
}

function RunItem({ run, shown, close }: { run: RunSummary; shown: boolean; close: () => void }) {
  return (
    <button
      type="button"
      className="menu-item run-item"
      aria-current={shown}
      onClick={() => {
        close();
        void watchRun(run.id).catch(tellError);
      }}
    >
      <span className="run-name">
        <i className="status-dot" data-status={run.status} />
        {run.name}
      </span>
      <span className="muted">
        {run.status}, step {formatCount(run.step)} · {clock.format(run.created)}
        {run.bytes > 0 && ` · ${printBytes(run.bytes)}`}
      </span>
    </button>
  );
}
