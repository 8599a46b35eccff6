import fc from "fast-check";
import { reportOf } from "../../src/core/errors.ts";
import type { Reader } from "./reader.ts";

/** Milliseconds of computing that an input may take. Not those on the clock, for the machine may have other work. */
const longest = 1000;

export interface Fuzzed {
  inputs: number;
  /** Inputs that were read. */
  read: number;
  /** Inputs that were refused by an error that says what is wrong. */
  refused: number;
  /** Milliseconds of computing that the slowest input took. */
  slowest: number;
}

/**
 * Gives a reader so many inputs that are nearly right.
 * @throws an error with the smallest input that it finds, where one is answered by anything but a value or a FlamingoError,
 * or takes too long
 */
export async function fuzz({ inputs, read }: Reader, count: number, seed: number): Promise<Fuzzed> {
  const done: Fuzzed = { inputs: 0, read: 0, refused: 0, slowest: 0 };
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const began = process.cpuUsage();
      try {
        await read(input);
        done.read++;
      } catch (error) {
        const { code, message } = reportOf(error);
        if (code === "INTERNAL" || message === "") throw error;
        done.refused++;
      }
      const { user, system } = process.cpuUsage(began);
      const took = (user + system) / 1000;
      done.inputs++;
      done.slowest = Math.max(done.slowest, took);
      if (took > longest) throw new Error(`it took ${took.toFixed(0)} ms`);
    }),
    { numRuns: count, seed, endOnFailure: false },
  );
  return done;
}
