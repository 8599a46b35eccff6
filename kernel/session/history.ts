import type { RequestContent } from "../protocol/requests.ts";
import type { HistoryEntry } from "./historyFile.ts";

type HistoryRequest = RequestContent<"history_request">;

/** As a history_reply lists it; with its output where that was asked for. */
type Listed = [session: number, line: number, input: string | [input: string, output: string | null]];

/**
 * What a history_request asks for.
 * @param entries all cells, the oldest first
 * @param session the number of the session that runs
 */
export function searchHistory(entries: readonly HistoryEntry[], session: number, request: HistoryRequest): Listed[] {
  return select(entries, session, request).map((entry) => [
    entry.session,
    entry.line,
    request.output ? [entry.input, entry.output] : entry.input,
  ]);
}

function select(entries: readonly HistoryEntry[], current: number, request: HistoryRequest): readonly HistoryEntry[] {
  if (request.hist_access_type === "tail") return last(entries, request.n);
  if (request.hist_access_type === "search") {
    const glob = globPattern(request.pattern ?? "*");
    const found = entries.filter(({ input }) => glob.test(input));
    return last(request.unique ? newestOfEach(found) : found, request.n);
  }
  const asked = request.session ?? 0;
  const session = asked > 0 ? asked : current + asked;
  const [start, stop] = [request.start ?? 1, request.stop ?? Number.POSITIVE_INFINITY];
  return entries.filter((entry) => entry.session === session && entry.line >= start && entry.line < stop);
}

function last(entries: readonly HistoryEntry[], n: number | null | undefined): readonly HistoryEntry[] {
  return entries.slice(Math.max(0, entries.length - (n ?? entries.length)));
}

function newestOfEach(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const newest = new Map(entries.map((entry) => [entry.input, entry]));
  return entries.filter((entry) => newest.get(entry.input) === entry);
}

/** SQLite's GLOB, which other kernels use for this: `*`, `?` and `[...]`, over the whole text. */
function globPattern(glob: string): RegExp {
  const parts = glob.match(/\[\^?\]?[^\]]*\]|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === "*") return "[\\s\\S]*";
    if (part === "?") return "[\\s\\S]";
    if (part.length > 1)
      return `[${part
        .slice(1, -1)
        .replace(/[\\\]]/g, "\\$&")
        .replace(/(?!^)\[/g, "\\[")}]`;
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  try {
    return new RegExp(`^${source.join("")}$`);
  } catch {
    return /(?!)/; // a range that ends before it starts fits nothing
  }
}
