import { useEffect, useState } from "react";
import type { PipelineSummary } from "../../shared/protocol.ts";
import { actions } from "../edit/actions.ts";
import { printShortcut } from "../edit/shortcut.ts";
import {
  idOf,
  listPipelines,
  openFile,
  openPipeline,
  ownName,
  pipelineFiles,
  savePipelineAs,
} from "../stores/document.ts";
import { openDialog, useEditor } from "../stores/editor.ts";
import { tellError } from "../stores/notices.ts";
import { beginTour } from "../stores/tour.ts";
import { isMac } from "./ActionButton.tsx";
import { BlockDialog, CollapseDialog } from "./BlockDialogs.tsx";
import { CommandDialog } from "./CommandDialog.tsx";
import { ConflictDialog } from "./ConflictDialog.tsx";
import { Modal } from "./Modal.tsx";
import { ModelDialog } from "./ModelDialog.tsx";
import { PipelinePicture } from "./PipelinePicture.tsx";
import { RunDialog } from "./RunDialog.tsx";
import { VersionsDialog } from "./VersionsDialog.tsx";

export function Dialogs() {
  const dialog = useEditor((editor) => editor.dialog);
  switch (dialog) {
    case "open":
      return <OpenDialog />;
    case "model":
      return <ModelDialog />;
    case "save":
      return <SaveDialog />;
    case "help":
      return <HelpDialog />;
    case "run":
      return <RunDialog />;
    case "conflict":
      return <ConflictDialog />;
    case "more":
      return <RunDialog more />;
    case "collapse":
      return <CollapseDialog />;
    case "block":
      return <BlockDialog />;
    case "versions":
      return <VersionsDialog />;
    case "commands":
      return <CommandDialog />;
    default:
      return null;
  }
}

function OpenDialog() {
  const [list, setList] = useState<PipelineSummary[] | undefined>(undefined);
  const changed = useEditor((editor) => editor.origin.changed && Object.keys(editor.pipeline.nodes).length > 0);
  useEffect(() => {
    listPipelines().then(setList, (error: unknown) => {
      setList([]);
      tellError(error);
    });
  }, []);
  const open = (id: string) => void openPipeline(id).catch(tellError);
  return (
    <Modal title="Open a pipeline" wide>
      {changed && (
        <p className="hint">The pipeline on the canvas has changes that are not saved; opening another drops them.</p>
      )}
      {!list && <p className="muted">Loading…</p>}
      <PipelineList title="Templates" list={list?.filter(({ template }) => template)} open={open} />
      <PipelineList
        title="Saved"
        list={list?.filter(({ template }) => !template)}
        open={open}
        none="Nothing saved yet."
      />
      <footer>
        <button type="button" className="button" onClick={() => openDialog("model")}>
          A model of another library…
        </button>
        <label className="button">
          From a file or a picture…
          <input
            type="file"
            accept={pipelineFiles}
            className="hidden"
            onChange={(event) => {
              const [file] = event.target.files ?? [];
              if (file) void openFile(file).catch(tellError);
            }}
          />
        </label>
      </footer>
    </Modal>
  );
}

function PipelineList(props: {
  title: string;
  list: PipelineSummary[] | undefined;
  open: (id: string) => void;
  none?: string;
}) {
  const { title, list, open, none } = props;
  if (!list || (list.length === 0 && !none)) return null;
  return (
    <section className="pipelines">
      <h3>{title}</h3>
      {list.length === 0 && <p className="muted">{none}</p>}
      {list.map(({ id, name, description, template, modified }) => (
        <button key={id} type="button" className="pipeline-item" onClick={() => open(id)}>
          {template && <PipelinePicture id={id} />}
          <strong>{name}</strong>
          <span className="muted">{template ? description : new Date(modified).toLocaleString()}</span>
        </button>
      ))}
    </section>
  );
}

function SaveDialog() {
  const current = useEditor((editor) => editor.pipeline.name);
  const template = useEditor((editor) => editor.origin.template);
  const [name, setName] = useState(template ? ownName(current) : current);
  /** The revision of another pipeline of that name, which a person has to agree to replace. */
  const [taken, setTaken] = useState<string | undefined>(undefined);
  const rename = (to: string) => {
    setName(to);
    setTaken(undefined);
  };
  return (
    <Modal title="Save the pipeline">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void savePipelineAs(name.trim(), taken).then(setTaken, tellError);
        }}
      >
        {template && <p className="hint">Templates stay as they are: give your version a name of its own.</p>}
        <label className="field">
          <span className="field-name">Name</span>
          <input type="text" value={name} maxLength={120} required onChange={(e) => rename(e.target.value)} />
          <span className="field-help">Saved as {idOf(name)}.json</span>
        </label>
        {taken !== undefined && (
          <p className="hint" role="alert">
            There is another pipeline {idOf(name)}.json. Replace it, or choose another name.
          </p>
        )}
        <footer>
          <button type="button" className="button" onClick={() => openDialog(undefined)}>
            Cancel
          </button>
          <button type="submit" className="button strong" disabled={name.trim() === ""}>
            {taken === undefined ? "Save" : "Replace"}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

function HelpDialog() {
  return (
    <Modal title="Keyboard shortcuts">
      <dl className="shortcuts">
        {actions
          .filter((action) => action.shortcut)
          .map(({ name, label, shortcut }) => (
            <div key={name}>
              <dt>{label}</dt>
              <dd>
                <kbd>{printShortcut(shortcut!, isMac)}</kbd>
              </dd>
            </div>
          ))}
        <div>
          <dt>Go to the next node, select it</dt>
          <dd>
            <kbd>Tab</kbd> <kbd>Enter</kbd>
          </dd>
        </div>
        <div>
          <dt>Move the selected node</dt>
          <dd>
            <kbd>Arrows</kbd>
          </dd>
        </div>
      </dl>
      <footer>
        <button
          type="button"
          className="button"
          onClick={() => {
            openDialog(undefined);
            beginTour();
          }}
        >
          A tour of one minute
        </button>
      </footer>
    </Modal>
  );
}
