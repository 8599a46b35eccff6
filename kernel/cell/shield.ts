/** Counts what must not be terminated half-way; another thread reads it. */
let shields = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Gives the memory in which to count. */
export function countShieldsIn(memory: Int32Array<SharedArrayBuffer>): void {
  shields = memory;
}

/**
 * Runs what would be left broken if a forced interrupt stopped it half-way: a compiler at work, for instance. The interrupt
 * waits for its end, so only for what ends soon.
 */
export function shielded<Result>(run: () => Result): Result {
  Atomics.add(shields, 0, 1);
  try {
    return run();
  } finally {
    Atomics.sub(shields, 0, 1);
  }
}

/** The same for work that takes its time, and that ends by itself when its cell is interrupted. */
export function shieldedUntil(settled: Promise<unknown>): void {
  Atomics.add(shields, 0, 1);
  const end = () => void Atomics.sub(shields, 0, 1);
  settled.then(end, end);
}
