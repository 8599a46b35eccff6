import type { Catalog } from "../../../src/core/catalog.ts";
import { align, distribute, type SizeOf } from "../../../src/graph/edit/align.ts";
import { addGroup, addNote, groupIds, groupsOf, noteIds, withMembers } from "../../../src/graph/edit/annotations.ts";
import { changeNode, disconnect, type Position, removeNodes, setProperty } from "../../../src/graph/edit/drawnGraph.ts";
import type { EditedGraph } from "../../../src/graph/edit/place.ts";
import { removeAndRejoin } from "../../../src/graph/edit/rejoin.ts";
import type { GraphBlocks, GraphNode } from "../../../src/graph/graph.ts";
import { writePipeline } from "../../../src/pipeline/schema.ts";
import { isOver, type RunStatus } from "../../../src/runs/record.ts";
import { edgeIds } from "../graph/edges.ts";
import { freePlace } from "../graph/freePlace.ts";
import { cutOut, paste, readPart } from "./clipboard.ts";

export type Dialog =
  | "open"
  | "model"
  | "save"
  | "help"
  | "run"
  | "more"
  | "conflict"
  | "collapse"
  | "block"
  | "versions"
  | "commands";
export type Side = "palette" | "dock";

/** What an action sees of the editor, and what it can do with it. */
export interface EditorContext {
  /** What is shown: the pipeline, or the inside of a block. */
  graph: EditedGraph;
  /** The same with values in place of the fields of the block around. */
  solvable: EditedGraph;
  /** The pipeline's own blocks. */
  blocks: GraphBlocks;
  catalog: Catalog;
  selection: { nodes: readonly string[]; edges: readonly string[] };
  /** How many blocks were opened to what is shown; 0 for the pipeline. */
  depth: number;
  canUndo: boolean;
  canRedo: boolean;
  /** Status of the run that is shown; undefined if there is none. */
  runStatus: RunStatus | undefined;
  /** Whether that run left something to go on from. */
  hasCheckpoint: boolean;
  /** Whether it ran the pipeline on the canvas, or what that was made from. */
  isOwnRun: boolean;
  connected: boolean;
  clipboard: { read(): string | null; write(text: string): void };
  commit(label: string, graph: EditedGraph, select?: readonly string[], blocks?: GraphBlocks): void;
  select(nodes: readonly string[]): void;
  /** How large nodes are drawn. */
  sizeOf: SizeOf;
  /** Whether what is shown is the user's own, so that it may have notes and groups. */
  isOwn: boolean;
  /** The middle of what is seen. */
  middle(): Position;
  /** Begins to write a note, or a group's title, on the canvas. */
  write(id: string): void;
  undo(): void;
  redo(): void;
  /** Lays all nodes out anew. */
  tidy(): void;
  fit(): void;
  open(dialog: Dialog): void;
  openInside(node: string): void;
  leaveInside(): void;
  /** Puts the inside of a node's block in its place. */
  expand(node: string): void;
  /** The pipeline's own block that is shown or selected. */
  ownBlock: string | undefined;
  exportBlock(name: string): void;
  importBlocks(): void;
  restoreOriginal(): void;
  create(): void;
  save(): void;
  download(): void;
  exportAs(form: "program" | "notebook" | "png" | "svg"): void;
  toggle(side: Side): void;
  toggleTheme(): void;
  /** Goes to the page of all runs. */
  showRuns(): void;
  search(): void;
  /** Begins the tour of the page. */
  tour(): void;
  /** Puts the focus into the inspector. */
  inspect(): void;
  /** Runs some actions only. */
  runOnly(targets: readonly string[]): void;
  run(command: "start" | "pause" | "continue" | "stop" | "resume"): void;
}

/** One thing that a person can do: the menu, the shortcuts and the tests all read it from here. */
export interface Action {
  name: string;
  label: string;
  group: "File" | "Edit" | "Block" | "View" | "Run";
  /** Such as `Mod+Shift+Z`; see `matches`. */
  shortcut?: string;
  /** Another key that people are used to. */
  alternative?: string;
  /** Whether it can be done now. */
  predicate(context: EditorContext): boolean;
  perform(context: EditorContext): void;
}

/** How far a copy stands from what it was copied from. */
const step: Position = [32, 32];

const always = () => true;
const hasNodes = (context: EditorContext) => Object.keys(context.graph.nodes).length > 0;
const hasSelected = (context: EditorContext) => context.selection.nodes.length > 0;
const chosenNodes = ({ selection, graph }: EditorContext) => selection.nodes.filter((id) => id in graph.nodes);
const hasSelectedNodes = (context: EditorContext) => chosenNodes(context).length > 0;
const isBusy = (status: RunStatus | undefined) => status !== undefined && !isOver(status);

/** Leaves the selected nodes out of what is computed, or computes them again if all of them are left out so. */
function skipping(skip: NonNullable<GraphNode["skip"]>, label: string, shortcut: string): Action {
  return {
    name: skip,
    label,
    group: "Edit",
    shortcut,
    predicate: hasSelectedNodes,
    perform: (context) => {
      const ids = chosenNodes(context);
      const isOn = ids.every((id) => context.graph.nodes[id]!.skip === skip);
      const next = ids.reduce(
        (graph, id) => changeNode(graph, id, (node) => setProperty(node, "skip", isOn ? undefined : skip)),
        context.graph,
      );
      context.commit(label, next);
    },
  };
}

const alignments: readonly Action[] = [
  ...(["left", "right", "top", "bottom"] as const).map(
    (side): Action => ({
      name: `align${side[0]!.toUpperCase()}${side.slice(1)}`,
      label: `Align at the ${side}`,
      group: "Edit",
      predicate: (context) => context.selection.nodes.length > 1,
      perform: (context) =>
        context.commit("Align", align(context.graph, context.selection.nodes, side, context.sizeOf)),
    }),
  ),
  ...([0, 1] as const).map(
    (axis): Action => ({
      name: axis === 0 ? "distributeAcross" : "distributeDown",
      label: axis === 0 ? "Distribute from left to right" : "Distribute from top to bottom",
      group: "Edit",
      predicate: (context) => context.selection.nodes.length > 2,
      perform: (context) =>
        context.commit("Distribute", distribute(context.graph, context.selection.nodes, axis, context.sizeOf)),
    }),
  ),
];

export const actions: readonly Action[] = [
  { name: "new", label: "New pipeline", group: "File", predicate: always, perform: (context) => context.create() },
  {
    name: "open",
    label: "Open…",
    group: "File",
    shortcut: "Mod+O",
    predicate: always,
    perform: (context) => context.open("open"),
  },
  {
    name: "openModel",
    label: "Open a model…",
    group: "File",
    predicate: ({ connected }) => connected,
    perform: (context) => context.open("model"),
  },
  { name: "save", label: "Save", group: "File", shortcut: "Mod+S", predicate: hasNodes, perform: (c) => c.save() },
  {
    name: "saveAs",
    label: "Save as…",
    group: "File",
    shortcut: "Mod+Shift+S",
    predicate: hasNodes,
    perform: (context) => context.open("save"),
  },
  {
    name: "versions",
    label: "Versions…",
    group: "File",
    predicate: (context) => context.connected && hasNodes(context),
    perform: (context) => context.open("versions"),
  },
  { name: "download", label: "Download as a file", group: "File", predicate: hasNodes, perform: (c) => c.download() },
  {
    name: "exportProgram",
    label: "Export as a TypeScript program",
    group: "File",
    predicate: hasNodes,
    perform: (context) => context.exportAs("program"),
  },
  {
    name: "exportNotebook",
    label: "Export as a notebook",
    group: "File",
    predicate: hasNodes,
    perform: (context) => context.exportAs("notebook"),
  },
  {
    name: "exportPng",
    label: "Export as a PNG picture",
    group: "File",
    predicate: hasNodes,
    perform: (context) => context.exportAs("png"),
  },
  {
    name: "exportSvg",
    label: "Export as an SVG picture",
    group: "File",
    predicate: hasNodes,
    perform: (context) => context.exportAs("svg"),
  },
  {
    name: "undo",
    label: "Undo",
    group: "Edit",
    shortcut: "Mod+Z",
    predicate: (context) => context.canUndo,
    perform: (context) => context.undo(),
  },
  {
    name: "redo",
    label: "Redo",
    group: "Edit",
    shortcut: "Mod+Shift+Z",
    alternative: "Mod+Y",
    predicate: (context) => context.canRedo,
    perform: (context) => context.redo(),
  },
  { name: "cut", label: "Cut", group: "Edit", shortcut: "Mod+X", predicate: hasSelected, perform: cut },
  { name: "copy", label: "Copy", group: "Edit", shortcut: "Mod+C", predicate: hasSelected, perform: copy },
  {
    name: "paste",
    label: "Paste",
    group: "Edit",
    shortcut: "Mod+V",
    predicate: (context) => readPart(context.clipboard.read()) !== undefined,
    perform: pasteClipboard,
  },
  {
    name: "duplicate",
    label: "Duplicate",
    group: "Edit",
    shortcut: "Mod+D",
    predicate: hasSelected,
    perform: duplicate,
  },
  {
    name: "delete",
    label: "Delete",
    group: "Edit",
    shortcut: "Delete",
    alternative: "Backspace",
    predicate: (context) => hasSelected(context) || context.selection.edges.length > 0,
    perform: remove,
  },
  {
    name: "deleteRejoin",
    label: "Delete and join the neighbours",
    group: "Edit",
    shortcut: "Shift+Delete",
    alternative: "Shift+Backspace",
    predicate: hasSelectedNodes,
    perform: (context) => {
      const { solvable, graph, selection, catalog } = context;
      const { edges } = removeAndRejoin(solvable, chosenNodes(context), catalog);
      context.commit("Delete and join", { ...removeNodes(graph, selection.nodes), edges }, []);
    },
  },
  skipping("bypass", "Bypass, or compute again", "B"),
  skipping("mute", "Mute, or compute again", "M"),
  {
    name: "note",
    label: "Add a note",
    group: "Edit",
    shortcut: "N",
    predicate: ({ isOwn }) => isOwn,
    perform: addNoteInSight,
  },
  {
    name: "group",
    label: "Group the selected nodes",
    group: "Edit",
    shortcut: "G",
    predicate: (context) => context.isOwn && hasSelected(context),
    perform: (context) => {
      const made = addGroup(context.graph, context.selection.nodes, { title: "Group", color: "grey" });
      if (!made) return;
      context.commit("Group", made.graph, [made.id]);
      context.write(made.id);
    },
  },
  {
    name: "ungroup",
    label: "Ungroup",
    group: "Edit",
    shortcut: "Shift+G",
    predicate: (context) => groupsOf(context.graph, context.selection.nodes).length > 0,
    perform: (context) => {
      const { graph, selection } = context;
      const groups = groupsOf(graph, selection.nodes);
      context.commit("Ungroup", removeNodes(graph, groups), withMembers(graph, selection.nodes));
    },
  },
  ...alignments,
  {
    name: "selectAll",
    label: "Select all",
    group: "Edit",
    shortcut: "Mod+A",
    predicate: hasNodes,
    perform: ({ graph, select }) => select([...Object.keys(graph.nodes), ...noteIds(graph), ...groupIds(graph)]),
  },
  {
    name: "deselect",
    label: "Select nothing, or leave the block",
    group: "View",
    shortcut: "Escape",
    predicate: (context) => hasSelected(context) || context.selection.edges.length > 0 || context.depth > 0,
    perform: (context) => {
      const { nodes, edges } = context.selection;
      if (nodes.length + edges.length > 0) context.select([]);
      else context.leaveInside();
    },
  },
  { name: "tidy", label: "Tidy up", group: "Edit", shortcut: "Shift+T", predicate: hasNodes, perform: (c) => c.tidy() },
  {
    name: "openInside",
    label: "Open the block's inside",
    group: "Block",
    shortcut: "Mod+Enter",
    predicate: (context) => insideOf(context) !== undefined,
    perform: (context) => context.openInside(insideOf(context)!),
  },
  {
    name: "collapse",
    label: "Collapse to a block…",
    group: "Block",
    shortcut: "Mod+G",
    predicate: hasSelectedNodes,
    perform: (context) => context.open("collapse"),
  },
  {
    name: "expand",
    label: "Expand the block",
    group: "Block",
    shortcut: "Mod+Shift+G",
    predicate: (context) => {
      const id = insideOf(context);
      return id !== undefined && context.graph.nodes[id]!.skip === undefined;
    },
    perform: (context) => context.expand(insideOf(context)!),
  },
  {
    name: "original",
    label: "Back to the original",
    group: "Block",
    predicate: ({ ownBlock, depth, blocks }) => depth > 0 && blocks[ownBlock ?? ""]?.from !== undefined,
    perform: (context) => context.restoreOriginal(),
  },
  {
    name: "describeBlock",
    label: "Name and describe the block…",
    group: "Block",
    predicate: ({ ownBlock }) => ownBlock !== undefined,
    perform: (context) => context.open("block"),
  },
  {
    name: "exportBlock",
    label: "Export the block as a file",
    group: "Block",
    predicate: ({ ownBlock }) => ownBlock !== undefined,
    perform: (context) => context.exportBlock(context.ownBlock!),
  },
  {
    name: "importBlocks",
    label: "Import blocks from a file…",
    group: "Block",
    predicate: always,
    perform: (context) => context.importBlocks(),
  },
  {
    name: "commands",
    label: "Commands, nodes and blocks…",
    group: "View",
    shortcut: "Mod+K",
    alternative: "Mod+F",
    predicate: always,
    perform: (context) => context.open("commands"),
  },
  {
    name: "search",
    label: "Search blocks",
    group: "View",
    shortcut: "/",
    predicate: always,
    perform: (c) => c.search(),
  },
  {
    name: "inspect",
    label: "Go to the inspector",
    group: "View",
    shortcut: "I",
    predicate: (context) => hasSelected(context) || context.selection.edges.length > 0,
    perform: (context) => context.inspect(),
  },
  {
    name: "fit",
    label: "Show everything",
    group: "View",
    shortcut: "F",
    predicate: hasNodes,
    perform: (c) => c.fit(),
  },
  {
    name: "palette",
    label: "Show or hide the palette",
    group: "View",
    shortcut: "Mod+B",
    predicate: always,
    perform: (context) => context.toggle("palette"),
  },
  {
    name: "dock",
    label: "Show or hide the panels",
    group: "View",
    shortcut: "Mod+J",
    predicate: always,
    perform: (context) => context.toggle("dock"),
  },
  {
    name: "runs",
    label: "All runs, to find and compare",
    group: "Run",
    predicate: always,
    perform: (context) => context.showRuns(),
  },
  { name: "theme", label: "Light or dark", group: "View", predicate: always, perform: (c) => c.toggleTheme() },
  { name: "tour", label: "A tour of one minute", group: "View", predicate: always, perform: (c) => c.tour() },
  {
    name: "help",
    label: "Keyboard shortcuts",
    group: "View",
    shortcut: "?",
    predicate: always,
    perform: (context) => context.open("help"),
  },
  {
    name: "run",
    label: "Run",
    group: "Run",
    shortcut: "Mod+Shift+Enter",
    predicate: (context) => context.connected && hasNodes(context) && !isBusy(context.runStatus),
    perform: (context) => context.run("start"),
  },
  {
    name: "runWith",
    label: "Run with…",
    group: "Run",
    predicate: (context) => context.connected && hasNodes(context) && !isBusy(context.runStatus),
    perform: (context) => context.open("run"),
  },
  {
    name: "runSelected",
    label: "Run the selected actions only",
    group: "Run",
    predicate: (context) =>
      context.connected && context.depth === 0 && !isBusy(context.runStatus) && selectedActions(context).length > 0,
    perform: (context) => context.runOnly(selectedActions(context)),
  },
  {
    name: "moreSteps",
    label: "More steps from the checkpoint…",
    group: "Run",
    predicate: ({ connected, runStatus, hasCheckpoint, isOwnRun }) =>
      connected && hasCheckpoint && isOwnRun && runStatus !== undefined && isOver(runStatus),
    perform: (context) => context.open("more"),
  },
  {
    name: "pause",
    label: "Pause",
    group: "Run",
    predicate: (context) => context.connected && context.runStatus === "running",
    perform: (context) => context.run("pause"),
  },
  {
    name: "continue",
    label: "Continue",
    group: "Run",
    predicate: (context) => context.connected && context.runStatus === "paused",
    perform: (context) => context.run("continue"),
  },
  {
    name: "stop",
    label: "Stop",
    group: "Run",
    predicate: (context) => context.connected && isBusy(context.runStatus) && context.runStatus !== "stopping",
    perform: (context) => context.run("stop"),
  },
  {
    name: "resume",
    label: "Resume from the last checkpoint",
    group: "Run",
    predicate: ({ connected, runStatus, hasCheckpoint }) =>
      connected && hasCheckpoint && (runStatus === "stopped" || runStatus === "failed"),
    perform: (context) => context.run("resume"),
  },
];

/** Whether an action can be done now. */
export function canDo(action: Action, context: EditorContext): boolean {
  return action.predicate(context);
}

export function actionNamed(name: string): Action {
  return actions.find((action) => action.name === name)!;
}

function selectedActions({ selection, graph, catalog }: EditorContext): string[] {
  return selection.nodes.filter((id) => catalog[graph.nodes[id]?.type ?? ""]?.kind === "action");
}

function insideOf(context: EditorContext): string | undefined {
  const [id, ...more] = context.selection.nodes;
  if (id === undefined || more.length > 0) return undefined;
  return context.catalog[context.graph.nodes[id]?.type ?? ""]?.kind === "composite" ? id : undefined;
}

function copy(context: EditorContext): void {
  context.clipboard.write(writePipeline(cutOut(context.solvable, context.selection.nodes, context.blocks)));
}

function cut(context: EditorContext): void {
  copy(context);
  context.commit("Cut", removeNodes(context.graph, withMembers(context.graph, context.selection.nodes)), []);
}

/** A new note is written in at once. */
function addNoteInSight(context: EditorContext): void {
  const [x, y] = context.middle();
  const [width, height] = [220, 110];
  const taken = Object.entries(context.graph.view.positions).map(([id, [left, top]]) => ({
    ...{ x: left, y: top },
    ...context.sizeOf(id),
  }));
  const place = freePlace(taken, { x: x - width / 2, y: y - height / 2, width, height });
  const size: [number, number] = [width, height];
  const { graph, id } = addNote(context.graph, { text: "", color: "yellow", size }, place);
  context.commit("Add a note", graph, [id]);
  context.write(id);
}

function pasteClipboard(context: EditorContext): void {
  const part = readPart(context.clipboard.read());
  if (!part) return;
  const { graph, ids, blocks } = paste(context.graph, part, step, context.blocks, context.catalog);
  context.commit("Paste", graph, ids, blocks);
}

function duplicate(context: EditorContext): void {
  const part = cutOut(context.solvable, context.selection.nodes, context.blocks);
  const { graph, ids } = paste(context.graph, part, step, context.blocks, context.catalog);
  context.commit("Duplicate", graph, ids);
}

function remove(context: EditorContext): void {
  const { nodes, edges } = context.selection;
  const ids = edgeIds(context.graph.edges);
  const wires = context.graph.edges.filter((_edge, index) => edges.includes(ids[index]!));
  const label = nodes.length > 0 ? "Delete" : "Remove wire";
  context.commit(label, removeNodes(disconnect(context.graph, wires), nodes), []);
}
