import { useCallback, useEffect, useRef, useState } from "react";
import { type ErrorReport, reportOf, sentence } from "../../../../src/core/errors.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { tell, tellError } from "../../stores/notices.ts";
import { go, hashOf } from "../../stores/route.ts";
import {
  copyNotebook,
  createNotebook,
  deleteNotebook,
  listKernels,
  listNotebooks,
  type NotebookEntry,
  renameNotebook,
  stopKernel,
  titleOf,
} from "../stores/files.ts";
import { useNotebook } from "../stores/notebook.ts";
import { leaveNotebook } from "../stores/saving.ts";

interface Listed {
  notebooks: NotebookEntry[];
  /** Sessions by the path of their notebook. */
  kernels: ReadonlyMap<string, string>;
}

/** All notebooks: the tutorials, and one's own with what can be done to them. */
export function NotebookList() {
  const [listed, setListed] = useState<Listed | undefined>(undefined);
  const [error, setError] = useState<ErrorReport | undefined>(undefined);
  const look = useCallback(async () => {
    try {
      const [notebooks, kernels] = await Promise.all([listNotebooks(), listKernels()]);
      setListed({ notebooks, kernels });
      setError(undefined);
    } catch (fault) {
      setError(reportOf(fault));
    }
  }, []);
  useEffect(() => {
    void look();
    window.addEventListener("focus", look);
    return () => window.removeEventListener("focus", look);
  }, [look]);
  const create = () => void createNotebook().then((path) => go({ page: "notebook", path }), tellError);
  const tutorials = listed?.notebooks.filter(({ tutorial }) => tutorial) ?? [];
  const own = listed?.notebooks.filter(({ tutorial }) => !tutorial) ?? [];
  return (
    <main className="notebook-list">
      <div className="notebook-list-body">
        {error && (
          <div className="callout" role="alert">
            <Icon name="warning" size={15} />
            <p>
              {error.fix ? sentence(error.message) : error.message}{" "}
              {error.fix && <span className="fix">Fix: {error.fix}</span>}
            </p>
            <button type="button" className="button" onClick={() => void look()}>
              Try again
            </button>
          </div>
        )}
        {!listed && !error && <p className="muted">Loading…</p>}
        {listed && (
          <>
            <section aria-labelledby="tutorials">
              <h2 id="tutorials">Tutorials</h2>
              {tutorials.length === 0 && <p className="muted">There are none here.</p>}
              <ul className="notebooks">
                {tutorials.map((entry) => (
                  <Row key={entry.path} entry={entry} session={listed.kernels.get(entry.path)} look={look} />
                ))}
              </ul>
            </section>
            <section aria-labelledby="own">
              <div className="heading-row">
                <h2 id="own">Your notebooks</h2>
                <button type="button" className="button primary" onClick={create}>
                  <Icon name="plus" size={14} /> New notebook
                </button>
              </div>
              {own.length === 0 && (
                <p className="muted">None yet. A new one is yours, and so is a copy of a tutorial.</p>
              )}
              <ul className="notebooks">
                {own.map((entry) => (
                  <Row key={entry.path} entry={entry} session={listed.kernels.get(entry.path)} look={look} />
                ))}
              </ul>
            </section>
          </>
        )}
      </div>
    </main>
  );
}

function Row({
  entry,
  session,
  look,
}: {
  entry: NotebookEntry;
  session: string | undefined;
  look: () => Promise<void>;
}) {
  const { path, tutorial, modified } = entry;
  const [renaming, setRenaming] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const { number, title } = tutorial ? titleOf(path) : { number: undefined, title: path.replace(/\.ipynb$/i, "") };
  const act = (action: () => Promise<unknown>) => void action().then(look, tellError);
  const letGo = async () => {
    if (useNotebook.getState().path === path) await leaveNotebook();
  };
  return (
    <li className="notebook-row">
      {renaming ? (
        <RenameField
          name={path
            .split("/")
            .at(-1)!
            .replace(/\.ipynb$/i, "")}
          done={(name) => {
            setRenaming(false);
            if (name) act(() => letGo().then(() => renameNotebook(path, name)));
          }}
        />
      ) : (
        <a className="notebook-link" href={hashOf({ page: "notebook", path })}>
          {number !== undefined && <span className="notebook-number">{number}</span>}
          <strong>{title}</strong>
          {!tutorial && <span className="muted">{new Date(modified).toLocaleString()}</span>}
          {session !== undefined && <span className="tag">kernel runs</span>}
        </a>
      )}
      {session !== undefined && (
        <RowButton
          label="Stop the kernel"
          title={title}
          icon="stop"
          act={() => act(() => letGo().then(() => stopKernel(session)))}
        />
      )}
      {!tutorial && <RowButton label="Rename" title={title} icon="pencil" act={() => setRenaming(true)} />}
      <RowButton
        label={tutorial ? "Make a copy of my own" : "Duplicate"}
        title={title}
        icon="copy"
        act={() =>
          act(async () => {
            const copy = await copyNotebook(path);
            tell(`The copy is ${copy}`);
          })
        }
      />
      {!tutorial && <RowButton label="Delete" title={title} icon="trash" act={() => setDeleting(true)} />}
      {deleting && (
        <ConfirmDialog
          title={`Delete “${title}”?`}
          label="Delete"
          danger
          confirm={() =>
            act(async () => {
              await letGo();
              if (session !== undefined) await stopKernel(session);
              await deleteNotebook(path);
            })
          }
          close={() => setDeleting(false)}
        >
          The file is deleted from disk. This cannot be undone.
        </ConfirmDialog>
      )}
    </li>
  );
}

function RowButton(props: {
  label: string;
  title: string;
  icon: "copy" | "trash" | "pencil" | "stop";
  act: () => void;
}) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`${props.label}: ${props.title}`}
      title={props.label}
      onClick={props.act}
    >
      <Icon name={props.icon} size={15} />
    </button>
  );
}

/** Enter renames, Escape leaves it. */
function RenameField({ name, done }: { name: string; done: (name: string | undefined) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const settle = (value: string) => done(value.trim() === "" || value.trim() === name ? undefined : value);
  return (
    <input
      ref={field}
      type="text"
      className="notebook-rename"
      aria-label="New name"
      defaultValue={name}
      maxLength={120}
      onBlur={(event) => settle(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") {
          event.currentTarget.value = name;
          event.currentTarget.blur();
        }
      }}
    />
  );
}
