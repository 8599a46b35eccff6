import { useState } from "react";
import type { ErrorReport } from "../../../src/core/errors.ts";
import { sentence } from "../../../src/core/errors.ts";
import { edgeIds } from "../graph/edges.ts";
import { goInside, select, useEditor } from "../stores/editor.ts";
import { goToBlock } from "../stores/inside.ts";
import { useMended } from "../stores/mended.ts";
import { useOwnRun } from "../stores/ownRun.ts";
import { useRun } from "../stores/run.ts";
import { fitNode } from "../stores/viewport.ts";
import { Icon } from "./Icon.tsx";

type Shown = ErrorReport & { node?: string; edge?: number; inside?: string; failed?: boolean };

/** What stands in the way of a run, or broke it: one line with the fix, and a click that leads to the place. */
export function Problems() {
  const problems = useEditor((editor) => editor.problems);
  const isEmpty = useEditor((editor) => Object.keys(editor.pipeline.nodes).length === 0);
  const failure = useFailure();
  const [open, setOpen] = useState(false);
  const all: Shown[] = [...(failure ? [failure] : []), ...(isEmpty ? [] : problems)];
  const [first, ...rest] = all;
  if (!first) return null;
  return (
    <div className="problems" role="alert" data-testid="problems">
      <div className="problem-first">
        <ProblemLine problem={first} />
        {rest.length > 0 && (
          <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "fewer" : `and ${rest.length} more`}
          </button>
        )}
      </div>
      {open &&
        rest.map((problem) => (
          <ProblemLine key={`${problem.inside} ${problem.edge} ${problem.message}`} problem={problem} />
        ))}
    </div>
  );
}

function ProblemLine({ problem }: { problem: Shown }) {
  const { node, edge, inside } = problem;
  const jump = () => {
    const { opened } = useEditor.getState();
    if (inside !== opened.at(-1)?.own) {
      if (inside === undefined) goInside([]);
      else goToBlock(inside);
    }
    const { graph } = useEditor.getState();
    const wire = edge === undefined ? undefined : edgeIds(graph.edges)[edge];
    if (wire !== undefined) select([], [wire]);
    else if (node !== undefined) select([node]);
    const place = node ?? (edge === undefined ? undefined : graph.edges[edge]?.to[0]);
    if (place !== undefined) fitNode(place);
  };
  const leads = node !== undefined || edge !== undefined || inside !== undefined;
  return (
    <div className="problem">
      <Icon name="warning" size={15} />
      <p title={problem.fix}>
        {problem.failed && <strong>The run failed: </strong>}
        {problem.fix ? sentence(problem.message) : problem.message}
        {problem.fix && <span className="fix"> Fix: {problem.fix}</span>}
      </p>
      {leads && (
        <button type="button" className="link" onClick={jump}>
          Show
        </button>
      )}
    </div>
  );
}

/** The error of the run that is shown, if it ran this pipeline: of a node on the canvas, as it still is, or of none at all. */
function useFailure(): Shown | undefined {
  const own = useOwnRun((run) => run.own);
  const error = useRun((run) => (run.state.status === "failed" ? run.state.error : undefined));
  const broken = useRun((run) => Object.entries(run.state.nodes).find(([, node]) => node.state === "failed")?.[0]);
  const nodes = useEditor((editor) => editor.pipeline.nodes);
  const mended = useMended((state) => state.nodes);
  if (!error || !own) return undefined;
  const node = [broken, error.block].find((id) => id !== undefined && id in nodes);
  if (node !== undefined && mended.has(node)) return undefined;
  return { ...error, failed: true, ...(node === undefined ? {} : { node }) };
}
