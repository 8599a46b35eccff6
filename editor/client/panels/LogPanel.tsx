import { withFix } from "../../../src/core/errors.ts";
import { select, useEditor } from "../stores/editor.ts";
import { useOwnRun } from "../stores/ownRun.ts";
import { useRun } from "../stores/run.ts";
import { fitNode } from "../stores/viewport.ts";
import { NoRun } from "./NoRun.tsx";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** Messages, warnings and the error of the run, the newest at the end. */
export function LogPanel() {
  const messages = useRun((run) => run.state.messages);
  const error = useRun((run) => run.state.error);
  const nodes = useEditor((editor) => editor.pipeline.nodes);
  const ran = useOwnRun((run) => run.nodes);
  if (messages.length === 0 && !error)
    return <NoRun sketch="rows" what="Messages and warnings of the run appear here." />;
  return (
    <ol className="log" data-testid="log">
      {messages.map(({ seq, time, level, message, node }) => (
        <li key={seq} data-level={level}>
          <time>{clock.format(time)}</time>
          <span className="log-text">{message}</span>
          {node !== undefined && ran.has(node) && node in nodes && (
            <button
              type="button"
              className="link"
              onClick={() => {
                select([node]);
                fitNode(node);
              }}
            >
              {nodes[node]!.label ?? node}
            </button>
          )}
        </li>
      ))}
      {error && (
        <li data-level="error">
          <time />
          <span className="log-text">{withFix(error.message, error.fix)}</span>
        </li>
      )}
    </ol>
  );
}
