/** What a forced interrupt must wait for, as the thread counts it that forces. */
export interface Shields {
  /** Something begins that must not be stopped half-way. While what runs is being stopped, this does not return. */
  raise(): void;
  lower(): void;
  /** The cell that runs has ended. While it is being stopped, this does not return. */
  end(): void;
  /** Work that goes on over many turns of the event loop begins (1) or ends (-1). */
  count(work: "loading" | "heeding", change: 1 | -1): void;
}

let shields: Shields = { raise() {}, lower() {}, end() {}, count() {} };

/** Says where to count. */
export function countShieldsIn(counted: Shields): void {
  shields = counted;
}

/**
 * Runs what would be left broken if a forced interrupt stopped it half-way: a compiler at work, for instance. The interrupt
 * waits for its end, so only for what ends soon.
 */
export function shielded<Result>(run: () => Result): Result {
  shields.raise();
  try {
    return run();
  } finally {
    shields.lower();
  }
}

/**
 * To be called first when a cell has ended: a forced interrupt either hits it here, as one that still runs, or never. Later it
 * would hit what answers the request.
 */
export function endShielded(): void {
  shields.end();
}

/** The same for modules that load: one that is stopped half-way can never be loaded again. */
export function shieldedUntil<Loaded>(loaded: Promise<Loaded>): Promise<Loaded> {
  return countUntil(loaded, "loading");
}

/**
 * Gives work time that ends by itself when its cell is interrupted, such as a training: it cannot take up an interrupt in the
 * middle of a step.
 */
export function heedingUntil(ended: Promise<unknown>): void {
  countUntil(ended, "heeding");
}

function countUntil<Result>(settled: Promise<Result>, work: "loading" | "heeding"): Promise<Result> {
  shields.count(work, 1);
  const end = () => shields.count(work, -1);
  settled.then(end, end);
  return settled;
}
