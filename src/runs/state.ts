import type { ErrorReport } from "../core/errors.ts";
import type { NodeRunState, RunEvent, RunEventOf, Sample } from "./event.ts";

export type RunStatus = "queued" | "running" | "paused" | "stopping" | "succeeded" | "stopped" | "failed";

/** What a node is doing in a run. */
export interface NodeProgress {
  state: NodeRunState;
  activity?: string;
  step?: number;
  total?: number;
  error?: ErrorReport;
  /** When it went into this state, in milliseconds since 1970, and at which step. */
  since: number;
  sinceStep: number;
}

/** Numbers over steps. All arrays have one entry a step. */
export interface Series {
  step: number[];
  loss: (number | null)[];
  rate: number[];
  norm: (number | null)[];
  milliseconds: number[];
  /** Share of each step in which the device waited for data; null where the log does not tell. */
  waiting: (number | null)[];
  /** [gate][step], tanh of each gate, in the order of `gateNames`. */
  gates: (number | null)[][];
}

/** A run as everyone sees it: the fold of its log. */
export interface RunState {
  /** The `seq` that comes next. */
  next: number;
  status: RunStatus;
  name: string;
  seed: number;
  device?: { name: string; reason: string; description: string };
  /** Bytes that it needs of its device at most, and how many there are. */
  memory?: { needs: number; has?: number };
  started?: number;
  updated?: number;
  steps: number;
  weights: number;
  trainable: number;
  gateNames: string[];
  nodes: Record<string, NodeProgress>;
  series: Series;
  samples: { step: number; samples: Sample[] }[];
  frames: { step: number; file: string }[];
  checkpoints: { step: number; file: string }[];
  results: RunEventOf<"evaluate:result">[];
  messages: RunEventOf<"log:message">[];
  error?: ErrorReport;
}

export function emptyRun(): RunState {
  return {
    next: 0,
    status: "queued",
    name: "",
    seed: 0,
    steps: 0,
    weights: 0,
    trainable: 0,
    gateNames: [],
    nodes: {},
    series: { step: [], loss: [], rate: [], norm: [], milliseconds: [], waiting: [], gates: [] },
    samples: [],
    frames: [],
    checkpoints: [],
    results: [],
    messages: [],
  };
}

/**
 * Folds events into a run's state: the one reducer that browser, notebook, server and command line share. Events that
 * were seen already are passed over, so a reload that replays some of them changes nothing. Does not change `state`.
 */
export function foldEvents(state: RunState, events: readonly RunEvent[]): RunState {
  const fresh = events.filter((event) => event.seq >= state.next);
  if (fresh.length === 0) return state;
  const copy = copyOf(state);
  for (const event of fresh) {
    if (event.seq < copy.next) continue;
    apply(copy, event);
    copy.next = event.seq + 1;
    copy.updated = event.time;
  }
  return copy;
}

/** A copy whose arrays can be added to without changing the original. */
function copyOf(state: RunState): RunState {
  const { series } = state;
  return {
    ...state,
    nodes: { ...state.nodes },
    series: {
      step: [...series.step],
      loss: [...series.loss],
      rate: [...series.rate],
      norm: [...series.norm],
      milliseconds: [...series.milliseconds],
      waiting: [...series.waiting],
      gates: series.gates.map((values) => [...values]),
    },
    samples: [...state.samples],
    frames: [...state.frames],
    checkpoints: [...state.checkpoints],
    results: [...state.results],
    messages: [...state.messages],
  };
}

function apply(state: RunState, event: RunEvent): void {
  switch (event.type) {
    case "run:started":
      state.status = "running";
      state.name = event.name;
      state.seed = event.seed;
      state.device = event.device;
      state.started ??= event.time;
      state.nodes = {};
      delete state.error;
      forgetAfter(state, event.from);
      break;
    case "run:memory":
      state.memory = { needs: event.needs, ...(event.has === undefined ? {} : { has: event.has }) };
      break;
    case "run:state":
      state.status = event.state;
      if (event.state === "queued") delete state.error;
      break;
    case "run:finished":
      state.status = event.outcome;
      if (event.error) state.error = event.error;
      break;
    case "node:state":
      applyNode(state, event);
      break;
    case "train:started":
      state.steps = event.steps;
      state.weights = event.weights;
      state.trainable = event.trainable;
      state.gateNames = event.gates;
      while (state.series.gates.length < event.gates.length) state.series.gates.push([]);
      break;
    case "train:step":
      applyStep(state.series, event);
      break;
    case "train:checkpoint":
      state.checkpoints.push({ step: event.step, file: event.file });
      break;
    case "inspect:samples":
      state.samples.push({ step: event.step, samples: event.samples });
      break;
    case "inspect:attention":
      state.frames.push({ step: event.step, file: event.file });
      break;
    case "evaluate:result":
      state.results.push(event);
      break;
    case "log:message":
      state.messages.push(event);
      break;
  }
}

function applyNode(state: RunState, event: RunEventOf<"node:state">): void {
  const before = state.nodes[event.node];
  const same = before?.state === event.state && before.activity === event.activity;
  state.nodes[event.node] = {
    state: event.state,
    ...(event.activity === undefined ? {} : { activity: event.activity }),
    ...(event.step === undefined ? {} : { step: event.step }),
    ...(event.total === undefined ? {} : { total: event.total }),
    ...(event.error === undefined ? {} : { error: event.error }),
    since: same ? before.since : event.time,
    sinceStep: same ? before.sinceStep : (event.step ?? 0),
  };
}

function applyStep(series: Series, event: RunEventOf<"train:step">): void {
  series.step.push(event.step);
  series.loss.push(event.loss);
  series.rate.push(event.rate);
  series.norm.push(event.norm);
  series.milliseconds.push(event.milliseconds);
  series.waiting.push(event.waiting ?? null);
  event.gates.forEach((value, gate) => {
    series.gates[gate]?.push(value);
  });
}

/** A resumed run takes up after a checkpoint: what the log has of later steps is done again. */
function forgetAfter(state: RunState, from: number): void {
  const { series } = state;
  const keep = series.step.filter((step) => step <= from).length;
  const { gates, ...single } = series;
  for (const values of [...Object.values(single), ...gates]) values.length = keep;
  state.samples = state.samples.filter(({ step }) => step <= from);
  state.frames = state.frames.filter(({ step }) => step <= from);
  state.checkpoints = state.checkpoints.filter(({ step }) => step <= from);
  state.results = [];
}

/** Steps over which a share is taken: one step's says little. */
const recent = 20;

/** Share of the last steps' time in which the device waited for data, 0 to 1; undefined while there is no telling. */
export function waitingShare({ milliseconds, waiting }: Series): number | undefined {
  const told = waiting.slice(-recent).map((share, at) => ({ share, time: milliseconds.slice(-recent)[at]! }));
  const known = told.flatMap(({ share, time }) => (share === null ? [] : [{ share, time }]));
  const total = known.reduce((sum, { time }) => sum + time, 0);
  return total > 0 ? known.reduce((sum, { share, time }) => sum + share * time, 0) / total : undefined;
}

/** Seconds left for a node that counts its steps, from its own pace; undefined while there is no telling. */
export function secondsLeft(progress: NodeProgress, now: number): number | undefined {
  const { step, total, since, sinceStep } = progress;
  if (progress.state !== "running" || step === undefined || total === undefined || step <= sinceStep) return undefined;
  const pace = (now - since) / (step - sinceStep);
  return ((total - step) * pace) / 1000;
}
