import { describe, expect, test, vi } from "vitest";
import { actionNamed, actions, canDo, type EditorContext } from "../../../editor/client/edit/actions.ts";
import { matches, printShortcut } from "../../../editor/client/edit/shortcut.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { catalog, chain } from "./catalog.ts";

function contextOf(changes: Partial<EditorContext> = {}): EditorContext & { committed: () => Pipeline } {
  let text: string | null = null;
  let committed: Pipeline | undefined;
  const nothing = () => undefined;
  return {
    graph: chain,
    solvable: chain,
    blocks: {},
    catalog,
    selection: { nodes: [], edges: [] },
    depth: 0,
    canUndo: false,
    canRedo: false,
    runStatus: undefined,
    hasCheckpoint: false,
    isOwnRun: true,
    connected: true,
    clipboard: { read: () => text, write: (value) => (text = value) },
    commit: (_label, graph) => (committed = graph as Pipeline),
    committed: () => committed!,
    select: nothing,
    undo: nothing,
    redo: nothing,
    tidy: nothing,
    fit: nothing,
    open: nothing,
    openInside: nothing,
    leaveInside: nothing,
    sizeOf: () => ({ width: 200, height: 100 }),
    isOwn: true,
    middle: () => [0, 0],
    write: nothing,
    expand: nothing,
    ownBlock: undefined,
    exportBlock: nothing,
    importBlocks: nothing,
    restoreOriginal: nothing,
    create: nothing,
    save: nothing,
    download: nothing,
    exportAs: nothing,
    toggle: nothing,
    toggleTheme: nothing,
    showRuns: nothing,
    search: nothing,
    tour: nothing,
    inspect: nothing,
    run: nothing,
    runOnly: nothing,
    ...changes,
  };
}

const press = (key: string, keys: string[] = []) => ({
  key,
  ctrlKey: keys.includes("Ctrl"),
  metaKey: keys.includes("Meta"),
  shiftKey: keys.includes("Shift"),
  altKey: keys.includes("Alt"),
});

describe("actions", () => {
  test("names and shortcuts are unique", () => {
    const names = actions.map((action) => action.name);
    const keys = actions.flatMap((action) => [action.shortcut, action.alternative]).filter((key) => key !== undefined);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("notes and groups are made, copied and pasted with their nodes; a group is cut with them, and ungrouped without", () => {
    const noted = contextOf();
    actionNamed("note").perform(noted);
    const grouping = contextOf({ graph: noted.committed(), selection: { nodes: ["head", "note:1"], edges: [] } });
    actionNamed("group").perform(grouping);
    const grouped = grouping.committed();
    expect(grouped.view.groups!["group:1"]!.members).toEqual(["head", "note:1"]);
    const chosen = { nodes: ["group:1"], edges: [] };
    const context = contextOf({ graph: grouped, solvable: grouped, selection: chosen });
    actionNamed("copy").perform(context);
    actionNamed("paste").perform(context);
    const { nodes, view } = context.committed();
    expect(Object.keys(nodes)).toEqual(["pictures", "encoder", "head", "head2"]);
    expect(view.groups!["group:2"]!.members).toEqual(["head2", "note:2"]);
    expect(view.positions["note:2"]).toEqual(view.positions["note:1"]!.map((at) => at + 32));
    actionNamed("cut").perform(context);
    expect(Object.keys(context.committed().nodes)).toEqual(["pictures", "encoder"]);
    expect(context.committed().view.notes).toBeUndefined();
    actionNamed("ungroup").perform(context);
    expect(context.committed().nodes).toEqual(chain.nodes);
    expect(context.committed().view.groups).toBeUndefined();
    for (const name of ["note", "group"]) expect(actionNamed(name).predicate({ ...context, isOwn: false })).toBe(false);
  });

  test("what was copied is pasted under new ids, with the wires between, and away from the original", () => {
    const context = contextOf({ selection: { nodes: ["encoder", "head"], edges: [] } });
    expect(actionNamed("paste").predicate(context)).toBe(false);
    actionNamed("copy").perform(context);
    expect(actionNamed("paste").predicate(context)).toBe(true);
    actionNamed("paste").perform(context);
    const grown = context.committed();
    expect(Object.keys(grown.nodes)).toEqual(["pictures", "encoder", "head", "encoder2", "head2"]);
    expect(grown.edges.slice(chain.edges.length)).toEqual([
      { from: ["encoder2", "features"], to: ["head2", "features"] },
    ]);
    expect(grown.view.positions.head2).not.toEqual(chain.view.positions.head);
  });

  test("a clipboard that holds something else cannot be pasted", () => {
    for (const text of ["", "hello", '{"format":"flamingo-pipeline","version":99}', "[1]"])
      expect(actionNamed("paste").predicate(contextOf({ clipboard: { read: () => text, write: () => {} } }))).toBe(
        false,
      );
  });

  test("deleting a node removes its wires; deleting a wire leaves the nodes", () => {
    const node = contextOf({ selection: { nodes: ["encoder"], edges: [] } });
    actionNamed("delete").perform(node);
    expect(Object.keys(node.committed().nodes)).toEqual(["pictures", "head"]);
    expect(node.committed().edges).toEqual([]);
    const wire = contextOf({ selection: { nodes: [], edges: ["encoder.features → head.features"] } });
    actionNamed("delete").perform(wire);
    expect(Object.keys(wire.committed().nodes)).toHaveLength(3);
    expect(wire.committed().edges).toEqual(chain.edges.slice(0, 1));
  });

  test("only a composite has an inside to open", () => {
    const open = actionNamed("openInside");
    const opened = vi.fn();
    const context = contextOf({ selection: { nodes: ["encoder"], edges: [] }, openInside: opened });
    expect(open.predicate(context)).toBe(true);
    open.perform(context);
    expect(opened).toHaveBeenCalledWith("encoder");
    expect(open.predicate(contextOf({ selection: { nodes: ["head"], edges: [] } }))).toBe(false);
    expect(open.predicate(contextOf({ selection: { nodes: ["encoder", "head"], edges: [] } }))).toBe(false);
  });

  test("Escape drops the selection first, then leaves the block that is open", () => {
    const [left, selected] = [vi.fn(), vi.fn()];
    const inside = { depth: 1, leaveInside: left, select: selected };
    actionNamed("deselect").perform(contextOf({ ...inside, selection: { nodes: ["encoder"], edges: [] } }));
    expect(selected).toHaveBeenCalledWith([]);
    expect(left).not.toHaveBeenCalled();
    actionNamed("deselect").perform(contextOf(inside));
    expect(left).toHaveBeenCalled();
    expect(canDo(actionNamed("deselect"), contextOf())).toBe(false);
  });

  test("in every state of a run, what can be done is what makes sense", () => {
    const possible = (runStatus: EditorContext["runStatus"], connected = true, hasCheckpoint = true) =>
      ["run", "pause", "continue", "stop", "resume"].filter((name) =>
        actionNamed(name).predicate(contextOf({ runStatus, connected, hasCheckpoint })),
      );
    expect(possible(undefined)).toEqual(["run"]);
    expect(possible("queued")).toEqual(["stop"]);
    expect(possible("running")).toEqual(["pause", "stop"]);
    expect(possible("paused")).toEqual(["continue", "stop"]);
    expect(possible("stopping")).toEqual([]);
    expect(possible("stopped")).toEqual(["run", "resume"]);
    expect(possible("failed")).toEqual(["run", "resume"]);
    expect(possible("failed", true, false)).toEqual(["run"]); // there is nothing to go on from
    expect(possible("succeeded")).toEqual(["run"]);
    expect(possible("running", false)).toEqual([]);
  });
});

/** What each command does, by what it asks of the editor; commands that change the graph, by the graph. */
const driven: Record<string, { context?: Partial<EditorContext>; does: string | ((graph: Pipeline) => unknown) }> = {
  new: { does: "create" },
  open: { does: "open:open" },
  save: { does: "save" },
  saveAs: { does: "open:save" },
  versions: { does: "open:versions" },
  download: { does: "download" },
  exportProgram: { does: "exportAs:program" },
  exportNotebook: { does: "exportAs:notebook" },
  exportPng: { does: "exportAs:png" },
  exportSvg: { does: "exportAs:svg" },
  undo: { context: { canUndo: true }, does: "undo" },
  redo: { context: { canRedo: true }, does: "redo" },
  cut: { does: ({ nodes }) => expect(Object.keys(nodes)).toEqual(["pictures", "head"]) },
  copy: { does: "write" },
  paste: {
    context: { clipboard: { read: () => JSON.stringify(chain), write: () => {} } },
    does: ({ nodes }) => expect(Object.keys(nodes)).toHaveLength(6),
  },
  duplicate: { does: ({ nodes }) => expect(Object.keys(nodes)).toContain("encoder2") },
  delete: { does: ({ edges }) => expect(edges).toEqual([]) },
  deleteRejoin: { does: ({ nodes }) => expect(Object.keys(nodes)).toEqual(["pictures", "head"]) },
  bypass: { does: ({ nodes }) => expect(nodes.encoder!.skip).toBe("bypass") },
  mute: { does: ({ nodes }) => expect(nodes.encoder!.skip).toBe("mute") },
  note: { does: ({ view }) => expect(Object.keys(view.notes!)).toEqual(["note:1"]) },
  group: { does: ({ view }) => expect(view.groups!["group:1"]!.members).toEqual(["encoder"]) },
  ungroup: {
    context: {
      graph: {
        ...chain,
        view: {
          ...chain.view,
          groups: { "group:1": { title: "", color: "grey", members: ["encoder", "head"] } },
        },
      },
    },
    does: ({ view, nodes }) => expect([view.groups, Object.keys(nodes).length]).toEqual([undefined, 3]),
  },
  alignLeft: { context: three(), does: ({ view }) => expect(view.positions.head![0]).toBe(0) },
  alignRight: { context: three(), does: ({ view }) => expect(view.positions.pictures![0]).toBe(600) },
  alignTop: { context: three(), does: ({ view }) => expect(view.positions.head![1]).toBe(0) },
  alignBottom: { context: three(), does: ({ view }) => expect(view.positions.head![1]).toBe(0) },
  distributeAcross: { context: three(), does: ({ view }) => expect(view.positions.encoder![0]).toBe(300) },
  distributeDown: { context: three(), does: ({ view }) => expect(view.positions.encoder![0]).toBe(300) },
  selectAll: { does: "select:pictures,encoder,head" },
  deselect: { does: "select:" },
  tidy: { does: "tidy" },
  openInside: { does: "openInside:encoder" },
  collapse: { does: "open:collapse" },
  expand: { does: "expand:encoder" },
  original: {
    context: { depth: 1, ownBlock: "Mine", blocks: { Mine: { from: "Encoder" } as never } },
    does: "restoreOriginal",
  },
  describeBlock: { context: { ownBlock: "Mine" }, does: "open:block" },
  exportBlock: { context: { ownBlock: "Mine" }, does: "exportBlock:Mine" },
  importBlocks: { does: "importBlocks" },
  openModel: { does: "open:model" },
  commands: { does: "open:commands" },
  search: { does: "search" },
  inspect: { does: "inspect" },
  fit: { does: "fit" },
  palette: { does: "toggle:palette" },
  dock: { does: "toggle:dock" },
  theme: { does: "toggleTheme" },
  runs: { does: "showRuns" },
  help: { does: "open:help" },
  tour: { does: "tour" },
  run: { does: "run:start" },
  runWith: { does: "open:run" },
  runSelected: {
    context: { selection: { nodes: ["head"], edges: [] }, catalog: { Head: { kind: "action" } } as never },
    does: "runOnly:head",
  },
  moreSteps: { context: { runStatus: "succeeded", hasCheckpoint: true }, does: "open:more" },
  pause: { context: { runStatus: "running" }, does: "run:pause" },
  continue: { context: { runStatus: "paused" }, does: "run:continue" },
  stop: { context: { runStatus: "running" }, does: "run:stop" },
  resume: { context: { runStatus: "stopped", hasCheckpoint: true }, does: "run:resume" },
};

function three(): Partial<EditorContext> {
  return { selection: { nodes: ["pictures", "encoder", "head"], edges: [] } };
}

describe("each command", () => {
  test("is driven here: none is without a test", () => {
    expect(Object.keys(driven).sort()).toEqual(actions.map(({ name }) => name).sort());
  });

  test.each(Object.entries(driven))("%s does what it says", (name, { context = {}, does }) => {
    const calls: string[] = [];
    const note =
      (call: string) =>
      (...args: unknown[]) =>
        void calls.push([call, ...args].join(":").replace(/^write:.*/s, "write"));
    const asked = Object.fromEntries(
      [
        "create",
        "open",
        "save",
        "download",
        "exportAs",
        "undo",
        "redo",
        "select",
        "tidy",
        "openInside",
        "expand",
        "fit",
        "search",
        "tour",
        "inspect",
      ]
        .concat([
          "restoreOriginal",
          "exportBlock",
          "importBlocks",
          "toggle",
          "toggleTheme",
          "showRuns",
          "run",
          "runOnly",
          "leaveInside",
        ])
        .map((call) => [call, note(call)]),
    );
    const own = contextOf({
      selection: { nodes: ["encoder"], edges: [] },
      ...(asked as Partial<EditorContext>),
      clipboard: { read: () => null, write: note("write") },
      ...context,
    });
    const action = actionNamed(name);
    expect(canDo(action, own)).toBe(true);
    action.perform(own);
    if (typeof does === "string") expect(calls).toEqual([does]);
    else does(own.committed());
  });
});

describe("shortcuts", () => {
  test("Mod is Ctrl or Command, and Shift must agree", () => {
    expect(matches("Mod+Z", press("z", ["Ctrl"]))).toBe(true);
    expect(matches("Mod+Z", press("z", ["Meta"]))).toBe(true);
    expect(matches("Mod+Z", press("Z", ["Ctrl", "Shift"]))).toBe(false);
    expect(matches("Mod+Shift+Z", press("Z", ["Ctrl", "Shift"]))).toBe(true);
    expect(matches("Mod+Z", press("z"))).toBe(false);
    expect(matches("Delete", press("Delete", ["Alt"]))).toBe(false);
  });

  test("a sign is the sign, however the keyboard makes it", () => {
    expect(matches("?", press("?", ["Shift"]))).toBe(true);
    expect(matches("/", press("/"))).toBe(true);
  });

  test("are printed as the platform writes them", () => {
    expect(printShortcut("Mod+Shift+Z", false)).toBe("Ctrl+Shift+Z");
    expect(printShortcut("Mod+Shift+Z", true)).toBe("⌘⇧Z");
  });
});
