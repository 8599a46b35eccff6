import { useEffect, useState } from "react";
import { comparePipelines } from "../../../src/pipeline/comparePipelines.ts";
import type { StoredPipeline } from "../../shared/protocol.ts";
import { DifferencesList } from "../runs/DifferencesList.tsx";
import { openPipeline, overwritePipeline, storedPipeline } from "../stores/document.ts";
import { openDialog, useEditor } from "../stores/editor.ts";
import { tellError } from "../stores/notices.ts";
import { Modal } from "./Modal.tsx";

/** Another tab, or a text editor, changed the file since it was opened here: what differs, and the three ways out. */
export function ConflictDialog() {
  const id = useEditor((editor) => editor.origin.id);
  const pipeline = useEditor((editor) => editor.pipeline);
  const [stored, setStored] = useState<StoredPipeline | undefined>(undefined);
  useEffect(() => {
    if (id !== undefined) storedPipeline(id).then(setStored, tellError);
  }, [id]);
  if (id === undefined) return null;
  const graphs = stored ? comparePipelines(stored.pipeline, pipeline, () => undefined) : [];
  return (
    <Modal title={`${id}.json was changed elsewhere`} wide>
      <p>Another tab or program wrote the file since it was opened here. Compared with the file, yours has:</p>
      {!stored && <p className="muted">Reading the file…</p>}
      {stored && graphs.length === 0 && <p className="muted">the same computation; names or places differ.</p>}
      {graphs.map((graph) => (
        <div key={graph.block ?? ""}>
          {graph.block !== undefined && <h3>Inside {graph.block}</h3>}
          <DifferencesList graph={graph} />
        </div>
      ))}
      <footer>
        <button type="button" className="button" onClick={() => void openPipeline(id).catch(tellError)}>
          Take the file’s
        </button>
        <button type="button" className="button" onClick={() => openDialog("save")}>
          Save mine under another name…
        </button>
        <button
          type="button"
          className="button danger"
          disabled={!stored}
          onClick={() => void overwritePipeline(id, stored!.rev).catch(tellError)}
        >
          Overwrite it with mine
        </button>
      </footer>
    </Modal>
  );
}
