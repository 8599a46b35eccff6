import { memo, useEffect, useMemo, useRef } from "react";
import type { Cell } from "../../../../kernel/nbformat/notebook.ts";
import type { CellOutputs } from "../../../../kernel/nbformat/outputs.ts";
import { Icon } from "../../parts/Icon.tsx";
import type { CellType } from "../document/cells.ts";
import { type Attachments, renderMarkdown } from "../show/markdown.ts";
import { control } from "../stores/control.ts";
import { type CellRun, renderCell, selectCell, useNotebook } from "../stores/notebook.ts";
import { CommandButton } from "./CommandButton.tsx";
import { ElapsedTime } from "./ElapsedTime.tsx";
import { Fallible } from "./Fallible.tsx";
import { Markup } from "./Markup.tsx";
import { Outputs } from "./Outputs.tsx";
import { QuestionForm } from "./QuestionForm.tsx";
import { SourceEditor } from "./SourceEditor.tsx";

interface CellViewProps {
  cell: Cell;
  /** Place in the notebook, from 1. */
  place: number;
  outputs: CellOutputs | undefined;
  run: CellRun | undefined;
  notebook: string;
}

/** A cell: what is written, and below it what it shows. Drawn anew only when something of its own changes. */
export const CellView = memo(function CellView({ cell, place, outputs, run, notebook }: CellViewProps) {
  const box = useRef<HTMLElement>(null);
  const selected = useNotebook((state) => state.selected === cell.id);
  const edited = useNotebook((state) => state.selected === cell.id && state.mode === "edit");
  const busy = run?.status === "queued" || run?.status === "running";
  const stale = useNotebook((state) => (busy ? undefined : state.stale.get(cell.id)?.join(", ")));
  useEffect(() => {
    const element = box.current!;
    if (!selected || edited || element.contains(document.activeElement)) return;
    if (document.activeElement === document.body || document.activeElement?.closest(".cells"))
      element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  }, [selected, edited]);
  useEffect(() => {
    // Out of the text, the keys are the notebook's again.
    if (selected && !edited && box.current?.querySelector(".source")?.contains(document.activeElement))
      box.current.focus({ preventScroll: true });
  }, [selected, edited]);
  return (
    <section
      ref={box}
      className="cell"
      id={`cell-${cell.id}`}
      data-type={cell.cell_type}
      data-selected={selected || undefined}
      data-edited={edited || undefined}
      data-status={run?.status}
      data-stale={stale === undefined ? undefined : true}
      aria-label={`Cell ${place}, ${typeNames[cell.cell_type].toLowerCase()}`}
      tabIndex={selected ? 0 : -1}
      onMouseDown={(event) => {
        if (!(event.target as HTMLElement).closest(".source, a, button, input, select")) selectCell(cell.id);
      }}
      onFocus={(event) => {
        if (event.target === event.currentTarget) selectCell(cell.id);
      }}
    >
      <Prompt cell={cell} outputs={outputs} run={run} busy={busy} />
      <div className="cell-body">
        {selected && <CellTools type={cell.cell_type} />}
        {cell.cell_type === "markdown" ? (
          <Fallible content={cell.source} instead={(reason) => <PlainText cell={cell} reason={reason} />}>
            <MarkdownText cell={cell} place={place} notebook={notebook} />
          </Fallible>
        ) : (
          <SourceEditor
            cell={cell.id}
            source={cell.source}
            code={cell.cell_type === "code"}
            label={`${typeNames[cell.cell_type]} of cell ${place}`}
          />
        )}
        {cell.cell_type === "code" && (
          <>
            {stale !== undefined && (
              <p className="stale" data-testid="stale" role="status">
                <Icon name="warning" size={13} /> Out of date: <code>{stale}</code> changed since this cell ran.
              </p>
            )}
            <Outputs outputs={outputs} running={busy} notebook={notebook} />
            <QuestionForm cell={cell.id} />
            <ElapsedTime run={run} />
          </>
        )}
      </div>
    </section>
  );
});

const typeNames: Record<CellType, string> = { code: "Code", markdown: "Text", raw: "Raw text" };

/** A text that cannot be shown as Markdown, as it is written. */
function PlainText({ cell, reason }: { cell: Cell; reason: string }) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter on the cell does the same
    <div onDoubleClick={() => selectCell(cell.id, "edit")}>
      <p className="muted">This text cannot be shown as Markdown: {reason}</p>
      <pre>{cell.source}</pre>
    </div>
  );
}

/** The number of its execution, a star while it waits or runs; a button that runs it. */
function Prompt(props: Pick<CellViewProps, "cell" | "outputs" | "run"> & { busy: boolean }) {
  const { cell, outputs, run, busy } = props;
  if (cell.cell_type !== "code") return <div className="prompt" />;
  const count = busy ? "*" : (outputs?.executionCount ?? " ");
  const spoken = busy ? run!.status : outputs?.executionCount ? `run ${outputs.executionCount}` : "not run";
  return (
    <div className="prompt">
      <span className="count" role="img" aria-label={spoken} data-testid="count">
        [{count}]
      </span>
      <button
        type="button"
        className="icon-button small run-cell"
        aria-label="Run this cell"
        title="Run this cell (Ctrl+Enter)"
        tabIndex={-1}
        onClick={(event) => {
          selectCell(cell.id);
          control.run("stay");
          event.currentTarget.closest<HTMLElement>(".cell")?.focus({ preventScroll: true });
        }}
      >
        <Icon name="play" size={12} />
      </button>
    </div>
  );
}

/** What can be done with the selected cell. */
function CellTools({ type }: { type: CellType }) {
  return (
    <div className="cell-tools" role="toolbar" aria-label="Cell">
      <select
        aria-label="Type of the cell"
        value={type}
        onChange={(event) => control.retype(event.target.value as CellType)}
      >
        {Object.entries(typeNames).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <CommandButton command="moveUp" className="icon-button small">
        <Icon name="up" size={14} />
      </CommandButton>
      <CommandButton command="moveDown" className="icon-button small">
        <Icon name="chevron" size={14} />
      </CommandButton>
      <CommandButton command="insertBelow" className="icon-button small">
        <Icon name="plus" size={14} />
      </CommandButton>
      <CommandButton command="remove" className="icon-button small">
        <Icon name="trash" size={14} />
      </CommandButton>
    </div>
  );
}

/** Markdown: what it says, or its text once it is opened by a double click or Enter. */
function MarkdownText({ cell, place, notebook }: { cell: Cell; place: number; notebook: string }) {
  const opened = useNotebook((state) => state.opened.has(cell.id));
  const { source } = cell;
  const attachments = (cell as { attachments?: Attachments }).attachments;
  const nodes = useMemo(
    () => (opened ? undefined : renderMarkdown(source, { notebook }, attachments)),
    [opened, source, notebook, attachments],
  );
  if (!nodes)
    return (
      <div className="markdown-source">
        <SourceEditor cell={cell.id} source={source} code={false} label={`Text of cell ${place}`} />
        <button
          type="button"
          className="button quiet done"
          onClick={() => {
            renderCell(cell.id);
            selectCell(cell.id);
          }}
        >
          <Icon name="check" size={14} /> Done
        </button>
      </div>
    );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter on the cell does the same
    <div onDoubleClick={() => selectCell(cell.id, "edit")}>
      {source.trim() === "" ? (
        <p className="muted empty-text">Empty text: press Enter to write.</p>
      ) : (
        <Markup nodes={nodes} className="prose" />
      )}
    </div>
  );
}
