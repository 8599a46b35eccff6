import { printShortcut } from "../../edit/shortcut.ts";
import { isMac } from "../../parts/ActionButton.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { tellError } from "../../stores/notices.ts";
import { commands } from "../document/commands.ts";
import { openNotebookDialog, restart, useNotebookDialog } from "../stores/control.ts";

const close = () => openNotebookDialog(undefined);

export function NotebookDialogs() {
  const dialog = useNotebookDialog((state) => state.dialog);
  if (dialog === undefined) return null;
  if (dialog === "help") return <KeysDialog />;
  return <RestartDialog thenRunAll={dialog === "restartAndRunAll"} />;
}

function RestartDialog({ thenRunAll }: { thenRunAll: boolean }) {
  return (
    <Modal title={thenRunAll ? "Restart and run all cells?" : "Restart the kernel?"} close={close}>
      <p>Its variables are gone then. Cells and what they show stay.</p>
      <footer>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button type="button" className="button primary" onClick={() => void restart(thenRunAll).catch(tellError)}>
          {thenRunAll ? "Restart and run all" : "Restart"}
        </button>
      </footer>
    </Modal>
  );
}

function KeysDialog() {
  return (
    <Modal title="Keyboard shortcuts" close={close} wide>
      <dl className="shortcuts">
        {commands
          .filter(({ keys }) => keys)
          .map(({ name, label, keys }) => (
            <div key={name}>
              <dt>{label}</dt>
              <dd>
                {keys!.map((key) => (
                  <kbd key={key}>{printShortcut(key, isMac)}</kbd>
                ))}
              </dd>
            </div>
          ))}
        <div>
          <dt>Names that fit, help on a name (in code)</dt>
          <dd>
            <kbd>Tab</kbd> <kbd>Shift+Tab</kbd>
          </dd>
        </div>
      </dl>
    </Modal>
  );
}
