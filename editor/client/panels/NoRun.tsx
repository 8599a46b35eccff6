import { ActionButton } from "../parts/ActionButton.tsx";
import { Icon } from "../parts/Icon.tsx";
import { useRun } from "../stores/run.ts";

/** What a panel says while it has nothing to show: what will be here, and how to get it. */
export function NoRun({ what }: { what: string }) {
  const id = useRun((run) => run.id);
  const status = useRun((run) => run.state.status);
  const waits = id !== undefined && (status === "queued" || status === "running" || status === "paused");
  return (
    <div className="no-run">
      {waits ? <span className="spinner" aria-hidden="true" /> : null}
      <p>{what}</p>
      {id === undefined && (
        <ActionButton action="run" className="button">
          <Icon name="play" size={13} /> Run the pipeline
        </ActionButton>
      )}
      {waits && <p className="muted">Waiting for the run to get there.</p>}
    </div>
  );
}
