import { useEffect, useRef, useState } from "react";

/** A box that opens at a button and closes by Escape, by a click elsewhere, or when the focus leaves it. */
export function usePopover<T extends HTMLElement>() {
  const [open, setOpen] = useState(false);
  const box = useRef<T>(null);
  useEffect(() => {
    if (!open) return;
    const leave = (event: Event) => {
      if (event instanceof KeyboardEvent && event.key !== "Escape") return;
      if (event.type !== "keydown" && event.target instanceof Node && box.current?.contains(event.target)) return;
      if (event instanceof KeyboardEvent) box.current?.querySelector("button")?.focus();
      setOpen(false);
    };
    document.addEventListener("keydown", leave);
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("keydown", leave);
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [open]);
  return { open, setOpen, box };
}
