import { useNotebook } from "./notebook.ts";

/** Ends the following that goes on. */
let stop: (() => void) | undefined;

/** Brings each cell that begins to run into sight, until none runs any more or a person scrolls. */
export function followRunning(): void {
  stop?.();
  const byHand = ["wheel", "touchmove", "keydown"] as const;
  let shown: string | undefined;
  const unsubscribe = useNotebook.subscribe((now, before) => {
    if (now.path !== before.path) {
      stop?.();
      return;
    }
    if (now.runs === before.runs) return;
    const runs = Object.entries(now.runs);
    const begun = runs.find(([id, { started }]) => started !== undefined && started !== before.runs[id]?.started)?.[0];
    if (begun !== undefined) shown = begun;
    if (shown === undefined) return; // the first is yet to begin
    show(shown);
    if (!runs.some(([, { status }]) => status === "queued" || status === "running")) stop?.();
  });
  const leave = () => stop?.();
  for (const type of byHand) document.addEventListener(type, leave, { passive: true });
  stop = () => {
    stop = undefined;
    unsubscribe();
    for (const type of byHand) document.removeEventListener(type, leave);
  };
}

/** Scrolls to a cell once what cells show is drawn. */
function show(cell: string): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => document.getElementById(`cell-${cell}`)?.scrollIntoView({ block: "nearest" })),
  );
}
