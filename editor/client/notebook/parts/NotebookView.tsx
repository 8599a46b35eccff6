import { type KeyboardEvent, useEffect, useRef } from "react";
import { Icon } from "../../parts/Icon.tsx";
import { tellError } from "../../stores/notices.ts";
import { go } from "../../stores/route.ts";
import { useStudio } from "../../stores/studio.ts";
import { newCell } from "../document/cells.ts";
import { meaningOf } from "../document/commands.ts";
import { perform } from "../stores/control.ts";
import { reattachKernel, useKernel } from "../stores/kernel.ts";
import { change, selectCell, useNotebook } from "../stores/notebook.ts";
import { openNotebook, saveNotebook, useSaving } from "../stores/saving.ts";
import { useVariables } from "../stores/variables.ts";
import { CellView } from "./CellView.tsx";
import { Fallible } from "./Fallible.tsx";
import { NotebookBars } from "./NotebookBars.tsx";
import { NotebookDialogs } from "./NotebookDialogs.tsx";
import { VariablesPanel } from "./VariablesPanel.tsx";

/** The notebook at a path: its cells, one below the other. It stays open while another of the studio's pages is shown. */
export default function NotebookView({ path }: { path: string }) {
  const phase = useNotebook((state) => state.phase);
  const shown = useNotebook((state) => state.path);
  useEffect(() => {
    void openNotebook(path).catch(tellError);
  }, [path]);
  useServerBack();
  if (shown !== path || phase === "opening")
    return (
      <div className="starting" role="status">
        <span className="spinner" aria-hidden="true" />
        <p className="muted">Opening the notebook…</p>
      </div>
    );
  return phase === "failed" ? <Failed /> : <OpenNotebook />;
}

/** When the server is there again, so is the kernel, and what was not saved is. */
function useServerBack(): void {
  const online = useStudio(({ connection }) => connection === "online");
  useEffect(() => {
    if (!online || useNotebook.getState().phase !== "open") return;
    if (useKernel.getState().status === "disconnected") void reattachKernel().catch(() => undefined);
    if (useSaving.getState().status === "failed") void saveNotebook().catch(tellError);
  }, [online]);
}

function Failed() {
  const error = useNotebook((state) => state.error);
  const path = useNotebook((state) => state.path);
  return (
    <div className="starting" role="alert">
      <p className="empty-title">{path} cannot be opened</p>
      <p>{error?.message}</p>
      {error?.fix && <p className="muted">Fix: {error.fix}</p>}
      <div className="button-row">
        <button type="button" className="button" onClick={() => go({ page: "notebooks" })}>
          All notebooks
        </button>
        <button type="button" className="button" onClick={() => void openNotebook(path!).catch(tellError)}>
          Try again
        </button>
      </div>
    </div>
  );
}

function OpenNotebook() {
  const cells = useNotebook((state) => state.cells);
  const outputs = useNotebook((state) => state.outputs);
  const runs = useNotebook((state) => state.runs);
  const path = useNotebook((state) => state.path!);
  const keys = useKeys();
  const variables = useVariables(({ shown }) => shown);
  return (
    <>
      <NotebookBars />
      <div className="notebook-room">
        <main className="notebook" data-testid="notebook">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the selected cell in it has the focus */}
          <div className="cells" onKeyDown={keys}>
            {cells.map((cell, at) => (
              <Fallible
                key={cell.id}
                content={cell}
                instead={(reason) => <p className="muted">The cell cannot be shown: {reason}</p>}
              >
                <CellView
                  cell={cell}
                  place={at + 1}
                  outputs={outputs.get(cell.id)}
                  run={runs[cell.id]}
                  notebook={path}
                />
              </Fallible>
            ))}
            <div className="add-cells">
              {(["code", "markdown"] as const).map((type) => (
                <button
                  key={type}
                  type="button"
                  className="button quiet"
                  onClick={() => {
                    const cell = newCell(type);
                    change({ kind: "insert", at: cells.length, cell });
                    selectCell(cell.id, "edit");
                  }}
                >
                  <Icon name="plus" size={14} /> {type === "code" ? "Code" : "Text"}
                </button>
              ))}
            </div>
          </div>
        </main>
        {variables && <VariablesPanel />}
      </div>
      <NotebookDialogs />
    </>
  );
}

/** Two keys that belong together follow each other within so many milliseconds. */
const together = 1000;

/** The notebook's keys, where no text is written and no control uses them. */
function useKeys(): (event: KeyboardEvent) => void {
  const waiting = useRef<{ key: string; until: number } | undefined>(undefined);
  return (event) => {
    if (event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    const takesText = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    const presses = /^(BUTTON|A)$/.test(target.tagName) && /^(Enter| )$/.test(event.key) && !event.shiftKey;
    if ((takesText || presses) && !event.ctrlKey && !event.metaKey && !event.altKey) return;
    const before = waiting.current && performance.now() < waiting.current.until ? waiting.current.key : undefined;
    const meaning = meaningOf(event, takesText ? "edit" : "command", before);
    waiting.current = undefined;
    if (!meaning) return;
    event.preventDefault();
    if ("command" in meaning) perform(meaning.command);
    else waiting.current = { key: meaning.waiting, until: performance.now() + together };
  };
}
