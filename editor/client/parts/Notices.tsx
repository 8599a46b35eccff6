import { useEffect, useState } from "react";
import { sentence } from "../../../src/core/errors.ts";
import { dismiss, useNotices } from "../stores/notices.ts";
import { Icon } from "./Icon.tsx";

/** What just happened, in the lower left corner. */
export function Notices() {
  const all = useNotices((state) => state.notices);
  const [open, setOpen] = useState(false);
  const notices = open ? all : all.slice(-1); // a pile of them would cover the graph
  useEffect(() => {
    if (all.length < 2) setOpen(false);
  }, [all.length]);
  return (
    <div className="notices" aria-live="polite">
      {notices.map(({ id, kind, message, fix, action }) => (
        <div key={id} className="notice" data-kind={kind} role={kind === "error" ? "alert" : "status"}>
          <Icon name={kind === "error" ? "warning" : "check"} size={15} />
          <p>
            {fix ? sentence(message) : message}
            {fix && <span className="fix"> Fix: {fix}</span>}
          </p>
          {action && (
            <button
              type="button"
              className="link"
              onClick={() => {
                dismiss(id);
                action.perform();
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" className="icon-button small" onClick={() => dismiss(id)} aria-label="Close">
            <Icon name="close" size={12} />
          </button>
        </div>
      ))}
      {all.length > 1 && (
        <button type="button" className="notices-more" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "only the last" : `and ${all.length - 1} before`}
        </button>
      )}
    </div>
  );
}
