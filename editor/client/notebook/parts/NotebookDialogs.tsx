import { printShortcut } from "../../edit/shortcut.ts";
import { isMac } from "../../parts/ActionButton.tsx";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
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
    <ConfirmDialog
      title={thenRunAll ? "Restart and run all cells?" : "Restart the kernel?"}
      label={thenRunAll ? "Restart and run all" : "Restart"}
      confirm={() => void restart(thenRunAll).catch(tellError)}
      close={close}
    >
      Its variables are gone then. Cells and what they show stay.
    </ConfirmDialog>
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
