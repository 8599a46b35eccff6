import { type ReactNode, useEffect, useRef } from "react";
import { openDialog } from "../stores/editor.ts";
import { Icon } from "./Icon.tsx";

/** A dialog over the page. Escape, the cross and a click beside it close it; the focus stays inside. */
export function Modal({ title, wide, children }: { title: string; wide?: boolean; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, as the element's own cancel event says
    <dialog
      ref={dialog}
      className={wide ? "modal wide" : "modal"}
      aria-label={title}
      onCancel={() => openDialog(undefined)}
      onClick={(event) => {
        if (event.target === dialog.current) openDialog(undefined);
      }}
    >
      <div className="modal-body">
        <header>
          <h2>{title}</h2>
          <button type="button" className="icon-button small" onClick={() => openDialog(undefined)} aria-label="Close">
            <Icon name="close" size={14} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
