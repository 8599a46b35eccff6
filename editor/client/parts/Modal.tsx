import { type ReactNode, useEffect, useRef } from "react";
import { openDialog } from "../stores/editor.ts";
import { Icon } from "./Icon.tsx";

/** A dialog over the page; one that asks for a text begins in its field. Escape, the cross and a click beside it close it; the focus stays inside. */
export function Modal(props: { title: string; wide?: boolean; close?: () => void; children: ReactNode }) {
  const { title, wide, close = () => openDialog(undefined), children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    const field = element?.querySelector<HTMLInputElement>('input[type="text"], input:checked'); // not the cross, which comes first
    field?.focus();
    field?.select();
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, as the element's own cancel event says
    <dialog
      ref={dialog}
      className={wide ? "modal wide" : "modal"}
      aria-label={title}
      onCancel={close}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div className="modal-body">
        <header>
          <h2>{title}</h2>
          <button type="button" className="icon-button small" onClick={close} aria-label="Close">
            <Icon name="close" size={14} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
