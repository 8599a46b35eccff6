import type { AnyChannel, LogRecord } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import type { ErrorReport } from "../core/errors.ts";
import { type LifecycleValue, lifecycle, type Message, type NodeRunState, type RunStatus } from "./record.ts";

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

/** What each channel has come to, by its name. */
export type ChannelStates = { [C in (typeof channels)[number] as C["name"]]: C["empty"] };

/** A run as everyone sees it: the fold of its log. */
export interface RunState {
  /** The least `seq` of the record that comes next. */
  next: number;
  status: RunStatus;
  name: string;
  seed: number;
  device?: { name: string; reason: string; description: string };
  /** Bytes that it needs of its device at most, and how many there are. */
  memory?: { needs: number; has?: number };
  started?: number;
  updated?: number;
  /** The last step of training that is in the log; 0 before the first. */
  step: number;
  /** How many steps it is trained for. */
  steps: number;
  weights: number;
  trainable: number;
  nodes: Record<string, NodeProgress>;
  checkpoints: readonly { step: number; file: string }[];
  messages: readonly Message[];
  error?: ErrorReport;
  channels: ChannelStates;
}

const byName = new Map<string, AnyChannel>(channels.map((channel) => [channel.name, channel]));

export function emptyRun(): RunState {
  return {
    next: 0,
    status: "queued",
    name: "",
    seed: 0,
    step: 0,
    steps: 0,
    weights: 0,
    trainable: 0,
    nodes: {},
    checkpoints: [],
    messages: [],
    channels: Object.fromEntries(channels.map(({ name, empty }) => [name, empty])) as ChannelStates,
  };
}

/**
 * Folds records into a run's state: the one reducer that browser, notebook, server and command line share. Records that
 * were seen already are passed over, so a reload that replays some of them changes nothing; so are records of a channel
 * that is not known, and those whose value is not what their channel says. Does not change `state`.
 */
export function foldRecords(state: RunState, records: readonly LogRecord[]): RunState {
  if (!records.some(({ seq }) => seq >= state.next)) return state;
  const copy = { ...state, channels: { ...state.channels } };
  for (const record of records) {
    if (record.seq < copy.next) continue;
    if (Object.hasOwn(lifecycle, record.channel)) applyLifecycle(copy, record);
    else watch(copy, record);
    copy.next = record.seq + 1;
    copy.updated = record.time;
  }
  return copy;
}

/** A value of a channel that is watched. */
function watch(state: RunState, record: LogRecord): void {
  const channel = byName.get(record.channel);
  const value = channel?.value.safeParse(record.value);
  if (!channel || !value?.success) return;
  const all = state.channels as Record<string, unknown>;
  all[channel.name] = channel.fold(all[channel.name], value.data, record);
  if (record.step !== undefined) state.step = Math.max(state.step, record.step);
}

/** A record that tells how the run goes. */
function applyLifecycle(state: RunState, { channel, value, step = 0, seq, time }: LogRecord): void {
  const read = lifecycle[channel as keyof typeof lifecycle].safeParse(value);
  if (!read.success) return;
  const follower = followers[channel as keyof typeof lifecycle] as Follower<unknown>;
  follower(state, read.data, { step, seq, time });
}

type Follower<Value> = (state: RunState, value: Value, at: { step: number; seq: number; time: number }) => void;

const followers: { [Name in keyof typeof lifecycle]: Follower<LifecycleValue<Name>> } = {
  run: (state, { name, seed, device, from }, { time }) => {
    Object.assign(state, { status: "running", name, seed, device, nodes: {} });
    state.started ??= time;
    delete state.error;
    rewind(state, from);
  },
  status: (state, { status, error }) => {
    state.status = status;
    if (error) state.error = error;
    else if (status === "queued") delete state.error;
  },
  memory: (state, memory) => {
    state.memory = memory;
  },
  node: (state, value, { time }) => {
    const before = Object.hasOwn(state.nodes, value.node) ? state.nodes[value.node] : undefined;
    const same = before?.state === value.state && before.activity === value.activity;
    const { node, ...progress } = value;
    const since = same ? before.since : time;
    const sinceStep = same ? before.sinceStep : (value.step ?? 0);
    state.nodes = { ...state.nodes, [node]: { ...progress, since, sinceStep } };
  },
  training: (state, { steps, weights, trainable }) => {
    Object.assign(state, { steps, weights, trainable });
  },
  checkpoint: (state, { file }, { step }) => {
    state.checkpoints = [...state.checkpoints, { step, file }];
  },
  message: (state, message, { seq, time }) => {
    state.messages = [...state.messages, { ...message, seq, time }];
  },
};

/** A resumed run continues from a checkpoint: the steps after it are done again. */
function rewind(state: RunState, from: number): void {
  state.step = Math.min(state.step, from);
  state.checkpoints = state.checkpoints.filter(({ step }) => step <= from);
  const all = state.channels as Record<string, unknown>;
  for (const { name, rewind: forget } of byName.values()) all[name] = forget(all[name], from);
}

/** Seconds left for a node that counts its steps, from its own pace; undefined while there is no telling. */
export function secondsLeft(progress: NodeProgress, now: number): number | undefined {
  const { step, total, since, sinceStep } = progress;
  if (progress.state !== "running" || step === undefined || total === undefined || step <= sinceStep) return undefined;
  const pace = (now - since) / (step - sinceStep);
  return ((total - step) * pace) / 1000;
}
