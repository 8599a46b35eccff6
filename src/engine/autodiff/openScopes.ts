/** The part of TensorFlow.js' engine that knows what has begun and not ended. */
interface Engine {
  state: {
    scopeStack: object[];
    activeScope: object | null;
    kernelDepth: number;
    gradientDepth: number;
    activeTape: { saved?: { dispose(): void }[] }[] | null;
  };
  endScope(): void;
}

/**
 * What TensorFlow.js holds open: scopes, a gradient's tape, operations. Each is closed in a `finally`, which code that is
 * terminated never comes to; what computes later would then be freed too late, and recorded in part.
 */
export class OpenScopes {
  #noted = 0;

  /** Notes the scopes that are open now, to be called when nothing computes. */
  note(): void {
    this.#noted = findEngine()?.state.scopeStack.length ?? 0;
  }

  /** Closes all that was opened since, to be called when nothing computes any more. */
  closeOthers(): void {
    const engine = findEngine();
    if (!engine) return;
    const { state } = engine;
    state.kernelDepth = 0;
    state.gradientDepth = 0;
    for (const { saved = [] } of state.activeTape ?? []) for (const tensor of saved) tensor.dispose();
    state.activeTape = null;
    state.activeScope = state.scopeStack.at(-1) ?? null;
    while (state.scopeStack.length > this.#noted) engine.endScope();
  }
}

/** Loads nothing: TensorFlow.js keeps its engine in a global, one for all copies of it. */
function findEngine(): Engine | undefined {
  return (globalThis as { _tfengine?: Engine })._tfengine;
}
