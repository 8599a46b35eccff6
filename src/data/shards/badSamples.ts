import { FlamingoError } from "../../core/errors.ts";

/** A sample that was skipped, and why: `000012 of train.tar`, "it has no caption". */
export interface SkippedSample {
  name: string;
  reason: string;
}

/** Thrown where a sample cannot be used; whoever reads samples skips it. */
export class BadSample extends Error {
  readonly sample: string;

  /** @param reason a clause: "it has no caption" */
  constructor(sample: string, reason: string) {
    super(reason);
    this.sample = sample;
  }
}

/** What is told of a bad sample. @throws any other error again */
export function skippedSample(error: unknown): SkippedSample {
  if (error instanceof BadSample) return { name: error.sample, reason: error.message };
  throw error;
}

/** Names and counts the bad samples of a source since it was opened, and stops beyond a bound. */
export class BadSamples {
  readonly #source: string;
  readonly #most: number;
  readonly #warn: (message: string) => void;
  readonly #names = new Set<string>();

  /** @param source what they are read from, for the error; @param warn is told of each one once */
  constructor(source: string, most: number, warn: (message: string) => void) {
    this.#source = source;
    this.#most = most;
    this.#warn = warn;
  }

  get count(): number {
    return this.#names.size;
  }

  /** @throws FlamingoError INVALID_DATA if there are more than the bound allows */
  add({ name, reason }: SkippedSample): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    if (this.count > this.#most) throw tooManyBad(this.#source, this.#most, { name, reason });
    this.#warn(`bad sample ${this.count} (at most ${this.#most}) is skipped: ${name}: ${reason}`);
  }

  addAll(skipped: readonly SkippedSample[]): void {
    for (const each of skipped) this.add(each);
  }
}

/** Bad samples that a message names. */
const mostNamed = 4;

function tooManyBad(source: string, most: number, last: SkippedSample): FlamingoError {
  return refusal(source, `has more than ${most} bad samples (maxBad); the last one is ${last.name}: ${last.reason}`);
}

/** Refuses bad samples that stand one after the other, so that none can stand in their place. */
export function badInARow(source: string, most: number, bad: readonly SkippedSample[]): FlamingoError {
  const named = bad.slice(-mostNamed).map(({ name }) => name);
  const bound = bad.length > most ? `more than the ${most} of maxBad` : "and no others";
  return refusal(
    source,
    `has ${bad.length} bad samples in a row, ${bound}; the last are ${named.join(", ")}: ${bad.at(-1)!.reason}`,
  );
}

function refusal(source: string, found: string): FlamingoError {
  const fix = "repair or remove the bad samples, or raise maxBad";
  return new FlamingoError("INVALID_DATA", `${source} ${found}`, { source, fix });
}
