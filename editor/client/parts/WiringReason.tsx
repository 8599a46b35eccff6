import { useConnection } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { sentence } from "../../../src/core/errors.ts";
import { portKey } from "../graph/connection.ts";
import { useWiring } from "../stores/wiring.ts";

/** While a wire is held over a port that refuses it: the reason, beside the pointer. */
export function WiringReason() {
  const port = useConnection((connection) =>
    connection.inProgress && connection.toHandle
      ? portKey(connection.toHandle.nodeId, connection.toHandle.id ?? "")
      : undefined,
  );
  const problem = useWiring((wiring) => (port === undefined ? undefined : wiring.verdicts.get(port)));
  const active = useWiring((wiring) => wiring.end !== undefined);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!active) return;
    const follow = (event: PointerEvent) => {
      const style = box.current?.style;
      style?.setProperty("left", `${Math.min(event.clientX + 18, window.innerWidth - 340)}px`);
      style?.setProperty("top", `${event.clientY + 18}px`);
    };
    window.addEventListener("pointermove", follow);
    return () => window.removeEventListener("pointermove", follow);
  }, [active]);
  return (
    <div ref={box} className="reason" role="status" data-testid="wiring-reason" hidden={!problem}>
      {problem && (
        <>
          <strong>{problem.fix ? sentence(problem.message) : problem.message}</strong>
          {problem.fix && <span>Fix: {problem.fix}</span>}
        </>
      )}
    </div>
  );
}
