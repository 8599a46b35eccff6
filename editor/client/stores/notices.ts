import { create } from "zustand";
import { reportOf } from "../../../src/core/errors.ts";

/** A line that tells what happened; it goes when it is closed or when time is up. */
export interface Notice {
  id: number;
  kind: "done" | "error";
  message: string;
  fix?: string;
  /** Takes back what was done, say. */
  action?: { label: string; perform: () => void };
}

export const useNotices = create<{ notices: Notice[] }>(() => ({ notices: [] }));

let count = 0;

/** Says that something was done, and offers to take it back where there is a way. */
export function tell(message: string, action?: Notice["action"]): void {
  add({ kind: "done", message, ...(action ? { action } : {}) });
}

/** Says what went wrong, and what to do. */
export function tellError(error: unknown): void {
  const { message, fix } = reportOf(error);
  add({ kind: "error", message: message.charAt(0).toUpperCase() + message.slice(1), ...(fix ? { fix } : {}) });
}

export function dismiss(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}

function add(notice: Omit<Notice, "id">): void {
  const id = ++count;
  useNotices.setState(({ notices }) => ({
    notices: [...notices.filter((other) => other.message !== notice.message), { ...notice, id }].slice(-3),
  }));
  setTimeout(() => dismiss(id), notice.kind === "error" || notice.action ? 12_000 : 4_000);
}
