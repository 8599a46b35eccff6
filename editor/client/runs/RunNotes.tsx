import { useState } from "react";
import type { RunSummary } from "../../shared/protocol.ts";
import { Modal } from "../parts/Modal.tsx";
import { markRun } from "./changeRuns.ts";

/** Asks for a run's name, tags and notes. */
export function RunNotes(props: { run: RunSummary; known: readonly string[]; close: () => void }) {
  const { run, known, close } = props;
  const [name, setName] = useState(run.name);
  const [tags, setTags] = useState(run.marks.tags.join(", "));
  const [notes, setNotes] = useState(run.marks.notes);
  const save = () => {
    const list = tags.split(",").map((tag) => tag.trim().slice(0, 40));
    const changed = name.trim() === run.name ? {} : { name: name.trim() };
    markRun(run.id, { ...changed, tags: [...new Set(list.filter(Boolean))].slice(0, 20), notes });
    close();
  };
  return (
    <Modal title="Name, tags and notes" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <label className="field">
          <span className="field-name">Name</span>
          <input type="text" value={name} maxLength={120} onChange={(event) => setName(event.target.value)} />
          <span className="field-help">Empty: the pipeline’s own name. The run’s id stays {run.id}.</span>
        </label>
        <label className="field">
          <span className="field-name">Tags</span>
          <input
            type="text"
            value={tags}
            list="known-tags"
            placeholder="baseline, no gates"
            onChange={(event) => setTags(event.target.value)}
          />
          <span className="field-help">With commas between.</span>
        </label>
        <datalist id="known-tags">
          {known.map((tag) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
        <label className="field">
          <span className="field-name">Notes</span>
          <textarea rows={5} maxLength={4000} value={notes} onChange={(event) => setNotes(event.target.value)} />
        </label>
        <footer>
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button strong">
            Save
          </button>
        </footer>
      </form>
    </Modal>
  );
}
