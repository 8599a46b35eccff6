import type { Draft, KeptDraft } from "../../shared/protocol.ts";
import { draftId, keepDraft, parseDraft, readDraft } from "../edit/draft.ts";
import { browserStorage } from "./browserStorage.ts";
import { showPipeline, useEditor } from "./editor.ts";
import { getJson, sendJson } from "./request.ts";

/** Milliseconds from a change until it is kept: what is lost at most where the browser is killed. */
const pause = 200;

/** The newest draft that was kept, by the browser or by the server, whose disk outlives a browser that is killed. */
export async function newestDraft(): Promise<Draft | undefined> {
  const own = readDraft(browserStorage);
  const [newest] = await keptDrafts();
  const other = newest && (await readKept(newest.id));
  return other && (own === undefined || (own.time ?? 0) < (other.time ?? 0)) ? other : own;
}

/** Puts a draft on the canvas. */
export function showDraft({ pipeline, time: _time, ...origin }: Draft): void {
  showPipeline(pipeline, origin);
}

/** The draft of a pipeline that was not saved, if there is one. */
export async function draftOf(id: string): Promise<Draft | undefined> {
  return (await keptDrafts()).some((each) => each.id === id) ? readKept(id) : undefined;
}

function keptDrafts(): Promise<KeptDraft[]> {
  return getJson<KeptDraft[]>("/api/drafts").catch(() => []);
}

function readKept(id: string): Promise<Draft | undefined> {
  return getJson<unknown>(`/api/drafts/${id}`).then(parseDraft, () => undefined);
}

/** Keeps the draft a moment after each change, for good; what is saved, or put back as it was, needs none. */
export function keepDrafts(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waiting = new Map<string, Draft | undefined>();
  let sends = false;
  const send = async () => {
    sends = true;
    for (let [next] = waiting; next; [next] = waiting) {
      const [id, draft] = next;
      waiting.delete(id);
      const path = `/api/drafts/${id}`;
      // Where the server is gone, the browser has it.
      await (draft ? sendJson("PUT", path, draft) : sendJson("DELETE", path, {})).catch(() => {});
    }
    sends = false;
  };
  const keep = ({ pipeline, origin } = useEditor.getState()) => {
    clearTimeout(timer);
    timer = undefined;
    const draft: Draft = { ...origin, pipeline, time: Date.now() };
    keepDraft(browserStorage, draft);
    if (Object.keys(pipeline.nodes).length === 0) return; // never in the place of a full one
    waiting.set(draftId(draft), origin.changed ? draft : undefined);
    if (!sends) void send();
  };
  useEditor.subscribe((state, before) => {
    if (state.pipeline === before.pipeline && state.origin === before.origin) return;
    if (state.origin.id !== before.origin.id && timer !== undefined) keep(before);
    if (before.origin.changed && !state.origin.changed && state.origin.id === before.origin.id) keep(state);
    timer ??= setTimeout(keep, pause);
  });
  window.addEventListener("pagehide", () => keep());
}
