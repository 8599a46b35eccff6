import { parsePipeline } from "../../../src/pipeline/schema.ts";
import { type Draft, draftSchema } from "../../shared/protocol.ts";

/** The name that a draft is kept under: of the pipeline that it began from. */
export function draftId({ id }: Pick<Draft, "id">): string {
  return id ?? "untitled";
}

/** A draft as it was kept; undefined for what is none. */
export function parseDraft(value: unknown): Draft | undefined {
  try {
    const draft = draftSchema.parse(value);
    return { ...draft, pipeline: parsePipeline(draft.pipeline, "the draft") };
  } catch {
    return undefined;
  }
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
    return text ? parseDraft(JSON.parse(text)) : undefined;
  } catch {
    return undefined;
  }
}
