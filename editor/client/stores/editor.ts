import { create } from "zustand";
import type { Catalog } from "../../../src/core/catalog.ts";
import type { ErrorReport } from "../../../src/core/errors.ts";
import { checkPipeline, type Problem } from "../../../src/graph/check.ts";
import { groupIds, noteIds } from "../../../src/graph/edit/annotations.ts";
import { changeInside, type Extent, needsExtent } from "../../../src/graph/edit/changeInside.ts";
import { type Differences, differences } from "../../../src/graph/edit/differences.ts";
import { type EditedGraph, type Step, withoutUnused } from "../../../src/graph/edit/place.ts";
import type { GraphBlock, GraphBlocks } from "../../../src/graph/graph.ts";
import { catalogWith } from "../../../src/graph/graphBlock.ts";
import type { Solution } from "../../../src/graph/solve.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { emptyPipeline } from "../../../src/pipeline/schema.ts";
import type { Description, Inside, TraceRequest } from "../../shared/protocol.ts";
import type { Dialog } from "../edit/actions.ts";
import { type Delta, sameGraph, touched } from "../edit/delta.ts";
import { type History, noHistory, record, redo as redoHistory, seal, undo as undoHistory } from "../edit/history.ts";
import { follow, type Opened, originalOf, type Traces } from "../graph/inside.ts";
import { placeAll } from "../graph/nodePorts.ts";
import { terminalsOf } from "../graph/terminals.ts";

/** Where the pipeline on the canvas is stored, and whether it differs from that. */
export interface Origin {
  id?: string;
  rev?: string;
  template: boolean;
  changed: boolean;
  /** The run that it was started as, before what was changed of it since. */
  run?: string;
}

export interface Selection {
  nodes: readonly string[];
  /** Ids of wires, as `edgeIds` gives them. */
  edges: readonly string[];
}

/** A change of an inside that waits for an answer: whether it is to change this place only. */
export interface Asking {
  label: string;
  inside: GraphBlock;
  options: CommitOptions;
}

interface EditorState {
  /** Undefined until the catalog and the first pipeline are there. */
  ready: boolean;
  /** What the server has: blocks, sources and actions. */
  library: Catalog;
  /** The library with the pipeline's own blocks. */
  catalog: Catalog;
  pipeline: Pipeline;
  /** The way into a block; empty while the pipeline itself is shown. */
  path: readonly Step[];
  opened: readonly Opened[];
  /** What is shown: the pipeline, or the inside of the block that was opened last. */
  graph: EditedGraph;
  /** The same with values in place of the fields of the block around. */
  solvable: EditedGraph;
  /** What the server traced of the blocks that were opened. */
  traces: Traces;
  /** What is being traced, or why that failed. */
  missing: TraceRequest | undefined;
  /** How the inside that is shown differs from what it was made from, if it is a changed copy. */
  changes: Differences | undefined;
  /** What has to be traced to tell that. */
  originalAsked: TraceRequest | undefined;
  fault: ErrorReport | undefined;
  asking: Asking | undefined;
  /** Own blocks that may be changed at all their places without being asked again. */
  agreed: ReadonlySet<string>;
  origin: Origin;
  /** Counts the graphs that were opened, so that the canvas shows each in full once. */
  opening: number;
  history: History;
  selection: Selection;
  /** Shapes on the ports of what is shown. */
  solution: Solution;
  /** All that is wrong with the pipeline, insides of its own blocks too. */
  problems: Problem[];
  /** What of that is wrong in what is shown. */
  shownProblems: Problem[];
  /** Weights of each node that is shown, as the server counts them; kept while a newer count is on its way. */
  counts: Description["nodes"];
  pipelineCounts: Description["nodes"];
  /** What changed copies of blocks on the canvas have beyond what they were made from. */
  newWeights: Description["newWeights"];
  dialog: Dialog | undefined;
}

const nothing: Solution = { inputs: {}, outputs: {}, conflicts: new Map() };
const noSelection: Selection = { nodes: [], edges: [] };

const nothingYet = emptyPipeline();

export const useEditor = create<EditorState>(() => ({
  ready: false,
  library: {},
  catalog: {},
  pipeline: nothingYet,
  path: [],
  opened: [],
  graph: nothingYet,
  solvable: nothingYet,
  traces: new Map(),
  missing: undefined,
  changes: undefined,
  originalAsked: undefined,
  fault: undefined,
  asking: undefined,
  agreed: new Set(),
  origin: { template: false, changed: false },
  opening: 0,
  history: noHistory,
  selection: noSelection,
  solution: nothing,
  problems: [],
  shownProblems: [],
  counts: {},
  pipelineCounts: {},
  newWeights: {},
  dialog: undefined,
}));

const { getState: get, setState: set } = useEditor;

/** Puts another pipeline on the canvas; what was done to the one before cannot be taken back any more. */
export function showPipeline(pipeline: Pipeline, origin: Origin): void {
  const { library, opening } = get();
  const placed = placeAll(pipeline, catalogWith(library, pipeline.blocks));
  set({
    ready: true,
    pipeline: placed,
    origin,
    opening: opening + 1,
    history: noHistory,
    selection: noSelection,
    asking: undefined,
    agreed: new Set(),
    dialog: undefined,
    pipelineCounts: {},
    newWeights: {},
  });
  set(judge(placed, []));
}

/** Takes the pipeline over as it is, under another origin and the name that it was saved by. */
export function setOrigin(origin: Origin, name: string): void {
  const { pipeline, path } = get();
  set({ origin });
  if (name !== pipeline.name) set({ pipeline: { ...pipeline, name }, ...judge({ ...pipeline, name }, path) });
}

/** Notes which run the pipeline was started as. */
export function setOriginRun(run: string): void {
  const { origin } = get();
  if (origin.run !== run) set({ origin: { ...origin, run } });
}

interface CommitOptions {
  /** Steps with the same key that follow each other are one. */
  key?: string;
  /** Nodes to select then. */
  select?: readonly string[];
  /** The pipeline's own blocks then; as they are by default. */
  blocks?: GraphBlocks;
}

/**
 * Changes what is shown, as one step that can be taken back. The first change of the inside of a block that is the library's, or that is
 * at several places, waits for an answer: what it is to change.
 */
export function commit(label: string, next: EditedGraph, options: CommitOptions = {}): void {
  const { pipeline, opened, agreed, path, missing, fault } = get();
  if (path.length === 0) {
    const { blocks = pipeline.blocks } = options;
    commitPipeline(label, { ...pipeline, ...next, blocks } as Pipeline, options);
    return;
  }
  const last = opened.at(-1);
  if (!last || missing || fault) return;
  const inside = { ...last.graph, ...next } as GraphBlock;
  if (inside.nodes === last.graph.nodes && inside.edges === last.graph.edges) {
    // Where nodes stand is no change of the block.
    if (last.own !== undefined) writeInside(label, inside, { kind: "everywhere" }, options);
    return;
  }
  if (last.own !== undefined && agreed.has(last.own)) writeInside(label, inside, { kind: "everywhere" }, options);
  else if (!needsExtent(pipeline, opened)) writeInside(label, inside, { kind: "here" }, options);
  else set({ asking: { label, inside, options } });
}

/** Carries out the change that waits, or drops it. */
export function answer(extent: Extent | undefined): void {
  const { asking, opened, agreed } = get();
  set({ asking: undefined });
  if (!asking || !extent) return;
  const own = opened.at(-1)?.own;
  if (extent.kind === "everywhere" && own !== undefined) set({ agreed: new Set([...agreed, own]) });
  writeInside(asking.label, asking.inside, extent, asking.options);
}

function writeInside(label: string, inside: GraphBlock, extent: Extent, options: CommitOptions): void {
  const { pipeline, opened, library } = get();
  const { blocks = pipeline.blocks } = options;
  commitPipeline(label, changeInside({ ...pipeline, blocks: { ...blocks } }, opened, inside, extent, library), options);
}

/** Changes the pipeline, whatever is shown of it, as one step that can be taken back. */
export function commitPipeline(label: string, next: Pipeline, options: CommitOptions = {}): void {
  const { pipeline, history, selection } = get();
  const pruned = withoutUnused(next);
  const noted = record(history, pipeline, pruned, label, options.key);
  if (noted === history) return;
  replace(pruned, noted, { nodes: options.select ?? selection.nodes, edges: options.select ? [] : selection.edges });
}

export function undo(): void {
  const { history, pipeline } = get();
  step(undoHistory(history, pipeline));
}

export function redo(): void {
  const { history, pipeline } = get();
  step(redoHistory(history, pipeline));
}

/** Ends a change that is made of many, such as typing into a field. */
export function sealHistory(): void {
  set({ history: seal(get().history) });
}

export function select(nodes: readonly string[], edges: readonly string[] = []): void {
  const { selection } = get();
  if (same(selection.nodes, nodes) && same(selection.edges, edges)) return;
  sealHistory();
  set({ selection: { nodes, edges } });
}

export function setCatalog(library: Catalog): void {
  set({ library });
  set(judge(get().pipeline, get().path));
}

/** Takes over what the server knows of a pipeline, if that is still the one on the canvas. */
export function setDescription(pipeline: Pipeline, { problems, nodes, newWeights }: Description): void {
  const { path, opened } = get();
  set({ pipelineCounts: nodes, newWeights, ...(path.length === 0 ? { counts: nodes } : {}) });
  if (sameGraph(get().pipeline, pipeline)) set({ problems, shownProblems: problemsIn(problems, opened) });
}

/** Takes over what the server traced. */
export function setTrace(request: TraceRequest, answered: Inside | { fault: ErrorReport }): void {
  const { traces, pipeline, path } = get();
  // Each change of an own block asks anew; older answers are of no use.
  const kept = [...traces].slice(-mostTraces);
  set({ traces: new Map([...kept, [JSON.stringify(request), answered]]) });
  const before = get().graph;
  set(judge(pipeline, path));
  if (get().graph !== before && get().opened.at(-1)?.own === undefined) set({ opening: get().opening + 1 });
}

const mostTraces = 60;

export function openDialog(dialog: Dialog | undefined): void {
  set({ dialog });
}

/** Goes to a block's inside, or back: `[]` is the pipeline. Where it goes out, the node is selected that was open. */
export function goInside(path: readonly Step[]): void {
  const { pipeline, opening, pipelineCounts, path: before } = get();
  const left = before.length > path.length ? [before[path.length]!.node] : [];
  set({ opening: opening + 1, counts: path.length === 0 ? pipelineCounts : {} });
  set(judge(pipeline, path));
  set({ selection: { nodes: left.filter((id) => id in get().graph.nodes), edges: [] } });
}

function step(moved: { history: History; pipeline: Pipeline; delta: Delta } | undefined): void {
  if (moved) replace(moved.pipeline, moved.history, { nodes: touched(moved.delta), edges: [] });
}

function replace(pipeline: Pipeline, history: History, selection: Selection): void {
  const { pipeline: before, origin, path } = get();
  const meansTheSame = sameGraph(pipeline, before) && path.length === 0;
  set({
    pipeline,
    history,
    origin: origin.changed ? origin : { ...origin, changed: true },
    ...(meansTheSame ? { graph: pipeline, solvable: pipeline } : judge(pipeline, path)),
  });
  const { graph } = get();
  const terminals = terminalsOf(graph).map(({ id }) => id);
  const shown = new Set([...Object.keys(graph.nodes), ...terminals, ...noteIds(graph), ...groupIds(graph)]);
  set({ selection: { nodes: selection.nodes.filter((id) => shown.has(id)), edges: selection.edges } });
}

type Judged = Pick<
  EditorState,
  | "path"
  | "opened"
  | "graph"
  | "solvable"
  | "missing"
  | "changes"
  | "originalAsked"
  | "fault"
  | "catalog"
  | "solution"
  | "problems"
  | "shownProblems"
  | "counts"
>;

/** All that follows from a pipeline and the way into it; what did not change stays the same object, so that its node is not drawn again. */
function judge(pipeline: Pipeline, path: readonly Step[]): Judged {
  const { solution: before, library, traces, counts, pipelineCounts } = get();
  const catalog = catalogWith(library, pipeline.blocks);
  const way = follow(pipeline, path, catalog, traces);
  const problems = Object.keys(library).length > 0 ? checkPipeline(pipeline, library) : [];
  const { opened, graph, solvable, solution, missing, fault } = way;
  const last = opened.at(-1);
  const counted = last?.counts ?? {};
  const around = opened.at(-2)?.graph.config ?? {};
  const original = last?.own === undefined ? {} : originalOf(last.graph, around, pipeline.blocks, catalog, traces);
  return {
    path: way.steps === path.length ? path : path.slice(0, way.steps),
    opened,
    graph,
    solvable,
    missing,
    fault,
    changes: original.graph && differences(original.graph, last!.graph),
    originalAsked: original.request,
    catalog,
    solution: {
      inputs: keepSame(before.inputs, solution.inputs),
      outputs: keepSame(before.outputs, solution.outputs),
      conflicts: solution.conflicts,
    },
    problems,
    shownProblems: problemsIn(problems, opened),
    counts: opened.length === 0 ? pipelineCounts : Object.keys(counted).length > 0 ? keepSame(counts, counted) : counts,
  };
}

/** What is wrong in the graph at the end of a way; a block of the library is right. */
function problemsIn(problems: readonly Problem[], opened: readonly Opened[]): Problem[] {
  const last = opened.at(-1);
  if (last && last.own === undefined) return [];
  return problems.filter(({ inside }) => inside === last?.own);
}

function keepSame<T>(before: Record<string, T>, after: Record<string, T>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(after).map(([key, value]) => {
      const old = before[key];
      return [key, old !== undefined && JSON.stringify(old) === JSON.stringify(value) ? old : value];
    }),
  );
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
