import { areSame } from "../../../src/graph/edit/differences.ts";
import type { Step } from "../../../src/graph/edit/place.ts";
import { goInside, useEditor } from "../stores/editor.ts";
import { restoreOriginal } from "../stores/inside.ts";
import { useSettings } from "../stores/settings.ts";
import { Icon } from "./Icon.tsx";

/** Where an inside is, and what it is: a block of the library, or a changed copy and how it differs. */
export function Breadcrumbs() {
  const opened = useEditor((editor) => editor.opened);
  const path = useEditor((editor) => editor.path);
  const name = useEditor((editor) => editor.pipeline.name);
  const waits = useEditor((editor) => editor.missing !== undefined);
  const fault = useEditor((editor) => editor.fault);
  const palette = useSettings((settings) => settings.palette);
  const crumbs = opened.map(({ title }, index) => ({ title, index }));
  return (
    <>
      <nav className="breadcrumbs floating" data-beside-palette={palette} aria-label="Where you are">
        <button type="button" className="link" onClick={() => goInside([])}>
          {name || "Pipeline"}
        </button>
        {crumbs.map(({ title, index }) => (
          <span key={index} className="crumb" title={stepsOf(path, index)}>
            <Icon name="right" size={12} />
            {index === opened.length - 1 ? (
              <strong aria-current="page">{title}</strong>
            ) : (
              <button type="button" className="link" onClick={() => goInside(path.slice(0, index + 1))}>
                {title}
              </button>
            )}
          </span>
        ))}
        <Standing />
      </nav>
      {waits && <p className="canvas-note">Tracing {opened.at(-1)?.title}…</p>}
      {fault && (
        <div className="canvas-note" role="alert">
          <p>{fault.message}</p>
          {fault.fix && <p className="muted">Fix: {fault.fix}</p>}
        </div>
      )}
    </>
  );
}

/** The ids that lead to a block. */
function stepsOf(path: readonly Step[], last: number): string {
  return path
    .slice(0, last + 1)
    .map(({ node, slot = [] }) => [node, ...slot].join(" · "))
    .join(" → ");
}

/** Whether the block is as it was made, and the way back. */
function Standing() {
  const last = useEditor((editor) => editor.opened.at(-1));
  const changes = useEditor((editor) => editor.changes);
  const original = useEditor(({ catalog }) => catalog[last?.graph.from ?? ""]);
  if (!last) return null;
  if (last.own === undefined)
    return (
      <span className="tag" title="The first change makes a copy of it in this pipeline">
        the library’s
      </span>
    );
  if (!original) return <span className="tag">{last.own}</span>;
  return (
    <>
      <span className="tag" data-testid="standing" title={changes && wordsOf(changes.removed, "removed")}>
        {last.graph.local ? "" : `${last.own}: `}
        {changes
          ? areSame(changes)
            ? `as ${original.title}`
            : `${summaryOf(changes)}`
          : `made from ${original.title}`}
      </span>
      <button
        type="button"
        className="link"
        onClick={restoreOriginal}
        title={`Puts ${original.title} back in its place`}
      >
        Back to the original
      </button>
    </>
  );
}

type Changes = NonNullable<ReturnType<typeof useEditor.getState>["changes"]>;

function summaryOf({ added, changed, removed, edges }: Changes): string {
  const counts = [
    [added.length, "added"],
    [changed.length, "changed"],
    [removed.length, "removed"],
    [edges.added.length + edges.removed.length, "rewired"],
  ] as const;
  return counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(", ");
}

function wordsOf(ids: readonly string[], what: string): string | undefined {
  return ids.length > 0 ? `${what}: ${ids.join(", ")}` : undefined;
}
