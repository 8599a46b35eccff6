import { useNotebook } from "./notebook.ts";

/** Ends the following that goes on. */
let stop: (() => void) | undefined;

/** What cells show may be drawn so long after the last has run, in milliseconds. */
const settling = 1500;

/** Keeps the cell that runs in sight, until all have run and show what they show, or a person scrolls. */
export function followRunning(): void {
  stop?.();
  const byHand = ["wheel", "touchmove", "keydown", "pointerdown"] as const;
  let shown: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = () => document.getElementById(`cell-${shown}`)?.scrollIntoView({ block: "nearest" });
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
    show();
    const isBusy = runs.some(([, { status }]) => status === "queued" || status === "running");
    clearTimeout(timer);
    if (!isBusy) timer = setTimeout(() => stop?.(), settling);
  });
  const observer = new ResizeObserver(show); // what a cell shows moves all below it
  const cells = document.querySelector(".cells");
  if (cells) observer.observe(cells);
  const leave = () => stop?.();
  for (const type of byHand) document.addEventListener(type, leave, { passive: true });
  stop = () => {
    stop = undefined;
    clearTimeout(timer);
    unsubscribe();
    observer.disconnect();
    for (const type of byHand) document.removeEventListener(type, leave);
  };
}
