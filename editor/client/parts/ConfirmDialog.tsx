import type { ReactNode } from "react";
import { Modal } from "./Modal.tsx";

/** Asks before something that cannot be taken back. */
export function ConfirmDialog(props: {
  title: string;
  /** What the button says that does it. */
  label: string;
  /** True if something is destroyed. */
  danger?: boolean;
  confirm: () => void;
  close: () => void;
  children: ReactNode;
}) {
  const { title, label, danger, confirm, close, children } = props;
  return (
    <Modal title={title} close={close}>
      <p>{children}</p>
      <footer>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          className={danger ? "button danger" : "button primary"}
          onClick={() => {
            close();
            confirm();
          }}
        >
          {label}
        </button>
      </footer>
    </Modal>
  );
}
