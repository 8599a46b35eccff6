import { create } from "zustand";
import type { Catalog } from "../../../src/core/catalog.ts";
import { checkPipeline, type Problem } from "../../../src/graph/check.ts";
import { catalogWith } from "../../../src/graph/graphBlock.ts";
import { type Solution, solveShapes } from "../../../src/graph/solve.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { emptyPipeline } from "../../../src/pipeline/schema.ts";
import type { Description, TraceRequest } from "../../shared/protocol.ts";
import type { Dialog } from "../edit/actions.ts";
import { type Delta, sameGraph, touched } from "../edit/delta.ts";
import { type History, noHistory, record, redo as redoHistory, seal, undo as undoHistory } from "../edit/history.ts";
import { placeAll } from "../graph/nodePorts.ts";

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

/** A block that was opened to its inside, and what was asked for to open it. */
export interface Opened {
  title: string;
  request: TraceRequest;
}

interface EditorState {
  /** Undefined until the catalog and the first pipeline are there. */
  ready: boolean;
  /** What the server has: blocks, sources and actions. */
  library: Catalog;
  /** The library with the pipeline's own blocks. */
  catalog: Catalog;
  pipeline: Pipeline;
  origin: Origin;
  /** Counts the pipelines that were opened, so that the canvas shows each in full once. */
  opening: number;
  history: History;
  selection: Selection;
  solution: Solution;
  problems: Problem[];
  /** Weights of each node as the server counts them; kept while a newer count is on its way. */
  counts: Description["nodes"];
  dialog: Dialog | undefined;
  /** The way into a block: the first was opened on the canvas, each next one inside the one before. */
  inside: Opened[];
}

const nothing: Solution = { inputs: {}, outputs: {}, conflicts: new Map() };
const noSelection: Selection = { nodes: [], edges: [] };

export const useEditor = create<EditorState>(() => ({
  ready: false,
  library: {},
  catalog: {},
  pipeline: emptyPipeline(),
  origin: { template: false, changed: false },
  opening: 0,
  history: noHistory,
  selection: noSelection,
  solution: nothing,
  problems: [],
  counts: {},
  dialog: undefined,
  inside: [],
}));

const { getState: get, setState: set } = useEditor;

/** Puts another pipeline on the canvas; what was done to the one before cannot be taken back any more. */
export function showPipeline(pipeline: Pipeline, origin: Origin): void {
  const { library, opening } = get();
  set({
    ready: true,
    pipeline: placeAll(pipeline, catalogWith(library, pipeline.blocks)),
    origin,
    opening: opening + 1,
    history: noHistory,
    selection: noSelection,
    inside: [],
    dialog: undefined,
    counts: {},
    ...judge(pipeline, library),
  });
}

/** Takes the pipeline over as it is, under another origin and the name that it was saved by. */
export function setOrigin(origin: Origin, name: string): void {
  const { pipeline } = get();
  set({ origin, ...(name === pipeline.name ? {} : { pipeline: { ...pipeline, name } }) });
}

/** Notes which run the pipeline was started as. */
export function setOriginRun(run: string): void {
  const { origin } = get();
  if (origin.run !== run) set({ origin: { ...origin, run } });
}

/**
 * Changes the pipeline, as one step that can be taken back.
 * @param options.key steps with the same key that follow each other are one
 * @param options.select nodes to select then
 */
export function commit(
  label: string,
  next: Pipeline,
  options: { key?: string; select?: readonly string[] } = {},
): void {
  const { pipeline, history, selection } = get();
  const noted = record(history, pipeline, next, label, options.key);
  if (noted === history) return;
  const nodes = (options.select ?? selection.nodes).filter((id) => id in next.nodes);
  replace(next, noted, { nodes, edges: options.select ? [] : selection.edges });
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
  set({ library, ...judge(get().pipeline, library) });
}

/** Takes over what the server knows of a pipeline, if that is still the one on the canvas. */
export function setDescription(pipeline: Pipeline, { problems, nodes }: Description): void {
  set({ counts: nodes });
  if (sameGraph(get().pipeline, pipeline)) set({ problems });
}

export function openDialog(dialog: Dialog | undefined): void {
  set({ dialog });
}

/** Goes to a block's inside, or back: `[]` is the pipeline. */
export function setInside(inside: Opened[]): void {
  set({ inside });
}

function step(moved: { history: History; pipeline: Pipeline; delta: Delta } | undefined): void {
  if (moved) replace(moved.pipeline, moved.history, { nodes: touched(moved.delta), edges: [] });
}

function replace(pipeline: Pipeline, history: History, selection: Selection): void {
  const { pipeline: before, origin, library } = get();
  set({
    pipeline,
    history,
    selection,
    origin: origin.changed ? origin : { ...origin, changed: true },
    ...(sameGraph(pipeline, before) ? {} : judge(pipeline, library)),
  });
}

/** The catalog, shapes and problems of a pipeline; what did not change stays the same object, so that its node is not drawn again. */
function judge(pipeline: Pipeline, library: Catalog): Pick<EditorState, "catalog" | "solution" | "problems"> {
  const before = get()?.solution ?? nothing;
  const catalog = catalogWith(library, pipeline.blocks);
  const solution = solveShapes(pipeline, catalog);
  return {
    catalog,
    solution: {
      inputs: keepSame(before.inputs, solution.inputs),
      outputs: keepSame(before.outputs, solution.outputs),
      conflicts: solution.conflicts,
    },
    problems: Object.keys(library).length > 0 ? checkPipeline(pipeline, library) : [],
  };
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
