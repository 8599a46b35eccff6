import { type Pipeline, parsePipeline } from "../../../src/pipeline/schema.ts";

/** Work that was not saved yet, as the browser keeps it. */
export interface Draft {
  pipeline: Pipeline;
  /** The stored pipeline that it began from, and the revision that was read. */
  id?: string;
  rev?: string;
  template: boolean;
  /** True if it differs from what is stored. */
  changed: boolean;
  /** The run that it was started as. */
  run?: string;
}

/** Where drafts are kept: the browser's local storage, or anything like it. */
export type Shelf = Pick<Storage, "getItem" | "setItem">;

const place = "flamingo:draft";

/**
 * Keeps a draft. An empty pipeline never takes the place of a full one: what was lost by a slip of the hand can be had
 * back by loading the page again.
 * @returns false if nothing was written
 */
export function keepDraft(shelf: Shelf, draft: Draft): boolean {
  if (Object.keys(draft.pipeline.nodes).length === 0) {
    const kept = readDraft(shelf);
    if (kept && Object.keys(kept.pipeline.nodes).length > 0) return false;
  }
  try {
    shelf.setItem(place, JSON.stringify(draft));
    return true;
  } catch {
    return false; // storage is full or forbidden: the draft lives on in the page
  }
}

/** The draft that was kept; undefined if there is none, or if it cannot be read. */
export function readDraft(shelf: Shelf): Draft | undefined {
  try {
    const text = shelf.getItem(place);
    if (!text) return undefined;
    const value = JSON.parse(text) as Partial<Draft>;
    const pipeline = parsePipeline(value.pipeline, "the draft");
    return {
      pipeline,
      ...(typeof value.id === "string" ? { id: value.id } : {}),
      ...(typeof value.rev === "string" ? { rev: value.rev } : {}),
      ...(typeof value.run === "string" ? { run: value.run } : {}),
      template: value.template === true,
      changed: value.changed === true,
    };
  } catch {
    return undefined;
  }
}
