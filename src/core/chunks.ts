import type { Value } from "./call.ts";

/**
 * Says that a primitive can process a sequence chunk by chunk, along one axis of its ports (the second axis of their tensors). The
 * concatenated outputs for the chunks are the output for the whole sequence.
 */
export interface Chunks {
  /** The axis' name in the shapes of the ports: `length`, or `lead` for one of `...lead`. */
  along: string;
  /** True if a position depends on those before it: then the code gets a `Cache`. Else each position is computed alone. */
  cache?: true;
}

/** What a primitive keeps from chunk to chunk: the KV cache of attention, the position of an embedding. */
export interface Cache<T> {
  /** How many positions came before this chunk. */
  readonly length: number;
  /** Whether an input is a chunk of the sequence, and not the same each time. */
  grows(port: string): boolean;
  /** Computes what is the same for every chunk, once. */
  once<Same extends Value>(name: string, compute: () => Same): Same;
  /** The value that the previous chunk stored under this name, with the batch as its first axis. */
  get(name: string): T | undefined;
  set(name: string, value: T): void;
  /**
   * The earlier chunks of an input with this one after them. `buffer` [batch, at least length, ...] holds them; only the
   * first `length` positions count.
   */
  append(name: string, chunk: T): { buffer: T; length: number };
  /** The error that says why this block cannot continue from chunk to chunk. */
  refusal(reason: string): Error;
}
