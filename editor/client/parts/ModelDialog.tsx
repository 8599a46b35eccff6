import { useEffect, useRef, useState } from "react";
import { arrived } from "../../../src/core/arrived.ts";
import { printBytes } from "../../../src/core/bytes.ts";
import { reportOf } from "../../../src/core/errors.ts";
import { type Bits, bitWidths } from "../../../src/core/quantization.ts";
import { idOf } from "../stores/document.ts";
import { openDialog, useEditor } from "../stores/editor.ts";
import { tellError } from "../stores/notices.ts";
import { forgetModel, offerModel, openModel, useModelFiles } from "../stores/openModel.ts";
import { Modal } from "./Modal.tsx";

/** Opens a model of another library as a pipeline: by its path on this machine, or by files that a browser has. */
export function ModelDialog() {
  const { dropped, sending } = useModelFiles();
  const changed = useEditor((editor) => editor.origin.changed && Object.keys(editor.pipeline.nodes).length > 0);
  const [path, setPath] = useState("");
  const [name, setName] = useState("");
  const [quantize, setQuantize] = useState<Bits | undefined>(undefined);
  const [state, setState] = useState<{ busy: boolean; error?: string }>({ busy: false });
  const stop = useRef(new AbortController());
  useEffect(() => {
    const { current } = stop;
    return () => {
      current.abort(); // closing the dialog ends the sending
      forgetModel();
    };
  }, []);
  const submit = async () => {
    setState({ busy: true });
    const request = {
      ...(dropped ? {} : { path: path.trim() }),
      ...(name === "" ? {} : { name }),
      ...(quantize && { quantize }),
    };
    try {
      await openModel(request, dropped, stop.current.signal);
    } catch (error) {
      if (stop.current.signal.aborted) return;
      const { message, fix } = reportOf(error);
      setState({ busy: false, error: fix ? `${message}; ${fix}` : message });
    }
  };
  const bytes = dropped?.files.reduce((sum, { size }) => sum + size, 0) ?? 0;
  return (
    <Modal title="Open a model">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(tellError);
        }}
      >
        {changed && (
          <p className="hint">The pipeline on the canvas has changes that are not saved; opening a model drops them.</p>
        )}
        {dropped ? (
          <p className="field">
            <span className="field-name">Files</span>
            {dropped.files.length} files{dropped.folder && ` of ${dropped.folder}`}, {printBytes(bytes)}
            <span className="field-help">They are copied to the studio’s folder of models.</span>
          </p>
        ) : (
          <label className="field">
            <span className="field-name">Folder</span>
            <input
              type="text"
              value={path}
              required
              spellCheck={false}
              placeholder="/home/me/models/opt-125m"
              onChange={(event) => setPath(event.target.value)}
            />
            <span className="field-help">
              A folder of transformers, or an OpenFlamingo checkpoint with its config.json. The weights stay there. Or
              drop the folder on the page.
            </span>
          </label>
        )}
        <label className="field">
          <span className="field-name">Name</span>
          <input
            type="text"
            value={name}
            maxLength={64}
            pattern="[a-z0-9\-]*"
            placeholder={dropped ? idOf(dropped.folder || "model") : "that of the folder"}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="field">
          <span className="field-name">Frozen weights</span>
          <select
            value={quantize ?? ""}
            onChange={(event) => setQuantize(bitWidths.find((bits) => String(bits) === event.target.value))}
          >
            <option value="">in single precision</option>
            {bitWidths.map((bits) => (
              <option key={bits} value={bits}>
                in {bits} bits
              </option>
            ))}
          </select>
          <span className="field-help">In few bits a large model takes a quarter or an eighth of the memory.</span>
        </label>
        {sending && (
          <p className="field-help" role="status">
            {arrived(sending.sent, sending.of, performance.now() - sending.began)}
            <progress value={sending.sent} max={Math.max(1, sending.of)} />
          </p>
        )}
        {state.error !== undefined && (
          <p className="hint" role="alert">
            {state.error}
          </p>
        )}
        <footer>
          {!dropped && (
            <label className="button">
              Choose a folder…
              <input
                type="file"
                className="hidden"
                {...{ webkitdirectory: "" }}
                onChange={(event) => {
                  const files = [...(event.target.files ?? [])];
                  const [folder = ""] = files[0]?.webkitRelativePath.split("/") ?? [];
                  const own = files.filter(({ webkitRelativePath }) => webkitRelativePath.split("/").length === 2);
                  if (files.length > 0) offerModel({ folder, files: own });
                }}
              />
            </label>
          )}
          <button type="button" className="button" onClick={() => openDialog(undefined)}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={state.busy}>
            {state.busy ? "Opening…" : "Open"}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
