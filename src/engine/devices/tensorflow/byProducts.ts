import type { Handle } from "./binding.ts";

/**
 * Intermediate results of a kernel that its gradient would compute again: weights of attention, a normalised row. It is kept
 * with the first input, which the tape keeps for the gradient anyway, and is freed with it at the latest.
 */
export class ByProducts {
  readonly #free: (handle: Handle) => void;
  readonly #kept = new Map<object, { kind: string; handles: Handle[] }>();

  constructor(free: (handle: Handle) => void) {
    this.#free = free;
  }

  /** Keeps handles, which are this object's from now on, under the data of an input. @param kind all else that they depend on */
  keep(data: object, kind: string, handles: Handle[]): void {
    this.drop(data);
    this.#kept.set(data, { kind, handles });
  }

  /** Hands over what was kept; nothing if it was of another kind. */
  take(data: object, kind: string): Handle[] | undefined {
    const kept = this.#kept.get(data);
    if (kept?.kind !== kind) return undefined;
    this.#kept.delete(data);
    return kept.handles;
  }

  /** Frees what was kept with these data. */
  drop(data: object): void {
    for (const handle of this.#kept.get(data)?.handles ?? []) this.#free(handle);
    this.#kept.delete(data);
  }
}
