import { type KernelStatus, useKernel } from "../stores/kernel.ts";
import { useNotebook } from "../stores/notebook.ts";

const words: Record<KernelStatus, string> = {
  none: "No kernel",
  starting: "Starting",
  idle: "Ready",
  busy: "Running",
  restarting: "Restarting",
  disconnected: "Connecting",
  dead: "Ended",
  failed: "Not started",
};

/** How the kernel is, in a word. */
export function KernelPill() {
  const status = useKernel((state) => state.status);
  const interrupting = useKernel((state) => state.interrupting);
  const asking = useKernel((state) => state.question !== undefined);
  const waiting = useNotebook(({ runs }) => Object.values(runs).filter((run) => run.status === "queued").length);
  const word = interrupting ? "Interrupting" : asking ? "Asks you" : words[status];
  return (
    <p className="kernel-pill" role="status" data-status={status} data-testid="kernel-status">
      <span className="kernel-dot" aria-hidden="true" />
      <span className="hidden">Kernel: </span>
      {word}
      {waiting > 0 && status === "busy" && <span className="muted">, {waiting} waiting</span>}
    </p>
  );
}
