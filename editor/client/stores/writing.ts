import { create } from "zustand";

/** The note whose text, or the group whose title, is written on the canvas itself. */
export const useWriting = create<{ id: string | undefined }>(() => ({ id: undefined }));

/** Begins to write there, or ends it. */
export function write(id: string | undefined): void {
  useWriting.setState({ id });
}
