import { useEffect, useState } from "react";
import { formatElapsed } from "../show/elapsed.ts";
import type { CellRun } from "../stores/notebook.ts";

/** How long a cell ran, or runs by now. */
export function ElapsedTime({ run }: { run: CellRun | undefined }) {
  const [now, setNow] = useState(Date.now);
  const running = run?.status === "running" && run.started !== undefined;
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [running]);
  if (!run) return null;
  if (run.status === "queued") return <p className="elapsed">waiting</p>;
  if (run.status === "running") {
    if (run.started === undefined) return <p className="elapsed">running</p>;
    return now - run.started < 1000 ? null : <p className="elapsed">{formatElapsed(now - run.started)} so far</p>;
  }
  const time =
    run.started !== undefined && run.ended !== undefined ? formatElapsed(run.ended - run.started) : undefined;
  const word = { succeeded: "", failed: "failed after ", interrupted: time ? "interrupted after " : "not run" }[
    run.status
  ];
  return (
    <p className="elapsed" data-status={run.status} data-testid="elapsed">
      {word}
      {time}
    </p>
  );
}
