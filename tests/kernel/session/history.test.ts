import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { requestContents } from "../../../kernel/protocol/requests.ts";
import { searchHistory } from "../../../kernel/session/history.ts";
import { findHistoryFile, type HistoryEntry, HistoryFile } from "../../../kernel/session/historyFile.ts";

const entry = (session: number, line: number, input: string): HistoryEntry => ({ session, line, input, output: null });
const entries = [
  entry(1, 1, "let a = 1"),
  entry(1, 2, "a"),
  entry(2, 1, "a"),
  entry(2, 2, "a[0]\nb"),
  entry(3, 1, "let c = 2"),
];

function ask(request: Record<string, unknown>): unknown[] {
  return searchHistory(entries, 3, requestContents.history_request.parse(request)).map(([session, line, input]) => [
    session,
    line,
    input,
  ]);
}

const places = (request: Record<string, unknown>) =>
  ask(request).map((found) => (found as unknown[]).slice(0, 2).join("/"));

describe("of the history", () => {
  test("the tail is the last cells of all sessions, the oldest first", () => {
    expect(places({ hist_access_type: "tail", n: 2 })).toEqual(["2/2", "3/1"]);
    expect(places({ hist_access_type: "tail", n: 0 })).toEqual([]);
    expect(places({ hist_access_type: "tail" })).toHaveLength(entries.length);
  });

  test("a range is of one session, counted from the first, or back from the one that runs; the stop is not in it", () => {
    expect(places({ hist_access_type: "range", session: 1, start: 1, stop: 2 })).toEqual(["1/1"]);
    expect(places({ hist_access_type: "range", session: 0 })).toEqual(["3/1"]);
    expect(places({ hist_access_type: "range", session: -1, start: 2 })).toEqual(["2/2"]);
    expect(places({ hist_access_type: "range", session: 9 })).toEqual([]);
  });

  test("a pattern fits whole cells, over their lines, with *, ? and sets", () => {
    const search = (pattern: string, more = {}) => places({ hist_access_type: "search", pattern, ...more });
    expect(search("a")).toEqual(["1/2", "2/1"]);
    expect(search("a*")).toEqual(["1/2", "2/1", "2/2"]);
    expect(search("let ? = [1-2]")).toEqual(["1/1", "3/1"]);
    expect(search("let [^a]*")).toEqual(["3/1"]);
    expect(search("*[[]0]*")).toEqual(["2/2"]);
    expect(search("a", { unique: true })).toEqual(["2/1"]);
    expect(search("*", { n: 1 })).toEqual(["3/1"]);
    for (const odd of ["[", "[]", "[z-a]", "(", "\\", "+"]) expect(search(odd)).toEqual([]);
  });

  test("cells come with their results on demand", () => {
    expect(ask({ hist_access_type: "tail", n: 1, output: true })).toEqual([[3, 1, ["let c = 2", null]]]);
  });
});

describe("a history file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "flamingo-history-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (kernel: string) => new HistoryFile(join(folder, "deep", "history.jsonl"), kernel);
  const cell = (line: number, input: string) => ({ line, input, output: null });

  test("numbers kernels in the order in which they started, also where both write at once", () => {
    const [first, second] = [open("x"), open("y")];
    first.add(cell(1, "one"));
    second.add(cell(1, "two"));
    first.add(cell(2, "three"));
    expect([first.session, second.session]).toEqual([1, 2]);
    const read = [entry(1, 1, "one"), entry(1, 2, "three"), entry(2, 1, "two")];
    expect(first.read()).toEqual(read);
    expect(second.read()).toEqual(read);
    expect(open("z").session).toBe(3);
  });

  test("survives a line that was cut off or is no line of it", () => {
    open("x").add(cell(1, "one"));
    appendFileSync(join(folder, "deep", "history.jsonl"), 'null\n{"kernel": 3}\n{"kernel":"x","li\n');
    const next = open("y");
    next.add(cell(1, "two"));
    expect(next.read().map(({ input }) => input)).toEqual(["one", "two"]);
  });

  test("that cannot be written leaves the session its own cells", () => {
    const file = new HistoryFile(join("/dev/null", "history.jsonl"), "x");
    file.add(cell(1, "one"));
    expect(file.read()).toEqual([entry(1, 1, "one")]);
  });

  test("keeps a very long cell for its own session only", () => {
    const file = open("x");
    file.add(cell(1, "long".repeat(100_000)));
    expect(file.read()).toHaveLength(1);
    expect(open("y").read()).toEqual([]);
  });

  test("is in the studio's home, else with Jupyter's data", () => {
    expect(findHistoryFile({ FLAMINGO_HOME: "/home/f" })).toBe(join("/home/f", "history.jsonl"));
    expect(findHistoryFile({ JUPYTER_DATA_DIR: "/j" })).toBe(join("/j", "flamingo", "history.jsonl"));
  });
});
