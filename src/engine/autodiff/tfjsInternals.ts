import type { DataId, Tensor } from "@tensorflow/tfjs";

/**
 * The private parts of TensorFlow.js' engine that this project uses: the tape, the scopes, the account of buffers, and the
 * functions through which every operation passes. No other file touches them.
 *
 * TensorFlow.js keeps its one engine in a global, where it is found without loading TensorFlow.js.
 */
interface TfjsEngine {
  state: {
    activeTape: TapeNode[] | null;
    gradientDepth: number;
    kernelDepth: number;
    nextTapeNodeId: number;
    scopeStack: object[];
    activeScope: object | null;
    tensorInfo: { get(dataId: DataId): { bytes: number } | undefined };
  };
  startTape(): void;
  endTape(): void;
  endScope(): void;
  /** Puts a tensor into the open scope. */
  track(tensor: Tensor): Tensor;
  trackTensor: (tensor: { dataId: DataId }, ...rest: unknown[]) => void;
  removeDataId: (dataId: DataId, ...rest: unknown[]) => void;
  runKernel: (...values: unknown[]) => unknown;
  makeTensor: (...values: unknown[]) => unknown;
  disposeTensor: (...values: unknown[]) => unknown;
}

function findEngine(): TfjsEngine | undefined {
  return (globalThis as { _tfengine?: TfjsEngine })._tfengine;
}

function engine(): TfjsEngine {
  return findEngine()!;
}

/** An operation on the tape. */
export interface TapeNode {
  id: number;
  kernelName: string;
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  /** Tensors that the gradient needs; freed when it is done with them. */
  saved?: Tensor[];
  /** By TensorFlow.js' convention: a function for the gradient of each input. An output that nothing used has none. */
  gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
  /** In place of `gradient`: the gradients of these inputs, computed together. */
  gradients?: (dys: readonly (Tensor | null)[], names: readonly string[]) => Tensor[];
  /** In place of both: adds the gradients of these inputs to the totals itself. */
  addGradients?: (totals: Map<number, Tensor>, names: readonly string[]) => void;
}

/** Whether an operation that runs now is recorded for a gradient. */
export function isRecording(): boolean {
  const state = findEngine()?.state;
  return state !== undefined && state.gradientDepth > 0 && state.kernelDepth === 0;
}

/** Runs `f` without recording it. */
export function unrecorded<T>(f: () => T): T {
  const { state } = engine();
  const { gradientDepth } = state;
  state.gradientDepth = 0;
  try {
    return f();
  } finally {
    state.gradientDepth = gradientDepth;
  }
}

/** Adds an operation to the tape that is being recorded. */
export function appendToTape(node: Omit<TapeNode, "id">): void {
  const { state } = engine();
  state.activeTape!.push({ id: state.nextTapeNodeId++, ...node });
}

/**
 * Records what `f` does, also where it throws. What the operations saved belongs to the scope around this call, which frees it
 * however the walk over the tape ends.
 */
export function recordTape<T>(f: () => T, tape: TapeNode[]): T {
  const { state } = engine();
  engine().startTape();
  try {
    return f();
  } finally {
    tape.push(...state.activeTape!);
    for (const { saved = [] } of tape)
      for (const tensor of saved) {
        (tensor as { kept: boolean }).kept = false;
        engine().track(tensor);
      }
    engine().endTape();
    if (state.gradientDepth === 0) state.activeTape = null;
  }
}

/** Calls `onChange` with the bytes that a new buffer takes, or that a freed one gives back as a negative number. */
export function watchBuffers(onChange: (bytes: number) => void): void {
  const tracker = engine();
  const [track, remove] = [tracker.trackTensor.bind(tracker), tracker.removeDataId.bind(tracker)];
  const sizeOf = (dataId: DataId) => tracker.state.tensorInfo.get(dataId)?.bytes ?? 0;
  tracker.trackTensor = (tensor, ...rest) => {
    const before = sizeOf(tensor.dataId);
    track(tensor, ...rest);
    onChange(sizeOf(tensor.dataId) - before);
  };
  tracker.removeDataId = (dataId, ...rest) => {
    const before = sizeOf(dataId);
    remove(dataId, ...rest);
    onChange(sizeOf(dataId) - before);
  };
}

/** Passes every computation of the engine, and every change of its account of tensors, through `wrap`. */
export function wrapOperations(wrap: (run: () => unknown) => unknown): void {
  const target = engine();
  for (const name of ["runKernel", "makeTensor", "disposeTensor"] as const) {
    const run = target[name].bind(target);
    target[name] = (...values) => wrap(() => run(...values));
  }
}

/** Number of open scopes. */
export function openScopeCount(): number {
  return findEngine()?.state.scopeStack.length ?? 0;
}

/** Closes an unfinished gradient and unfinished operations, and all scopes but the first `count`. */
export function closeScopes(count: number): void {
  const target = findEngine();
  if (!target) return;
  const { state } = target;
  state.kernelDepth = 0;
  state.gradientDepth = 0;
  for (const { saved = [] } of state.activeTape ?? []) for (const tensor of saved) tensor.dispose();
  state.activeTape = null;
  state.activeScope = state.scopeStack.at(-1) ?? null;
  while (state.scopeStack.length > count) target.endScope();
}
