import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Random } from "../../src/core/random.ts";
import { checkpointFolder } from "../../src/runs/folder.ts";
import { RunLog } from "../../src/runs/log.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { newestCheckpoint, saveCheckpoint } from "../../src/training/checkpoint.ts";
import { bodyArbitrary } from "../runs/recordArbitrary.ts";
import { damageCheckpoint, damageLog, lostRecords } from "./damage.ts";

/** What came of damaging files of a run. */
export interface Damages {
  /** Damages that cost more than they may, in words. */
  faults: string[];
  /** Logs that lost the damaged record; the others lost none. */
  lost: number;
}

/**
 * Damages the log and, in turn, the newest checkpoint of a run so many times, each from its whole files. A log may lose the damaged record
 * alone, and goes on behind it; of checkpoints the one before is taken, and it is said.
 */
export async function damageFiles(folder: string, count: number, seed: number): Promise<Damages> {
  const random = new Random(seed);
  const whole = join(folder, "whole");
  await writeWholeRun(whole, seed);
  const found: Damages = { faults: [], lost: 0 };
  for (let number = 0; number < count; number++) {
    const damaged = join(folder, "damaged");
    rmSync(damaged, { recursive: true, force: true });
    cpSync(whole, damaged, { recursive: true });
    const isLog = number % 2 === 0;
    const fault = await (isLog ? faultOfLog(whole, damaged, random, found) : faultOfCheckpoint(damaged, random)).catch(
      (error: Error) => `it cannot be read: ${error.stack}`,
    );
    if (fault) found.faults.push(`damage ${number + 1} (${isLog ? "log" : "checkpoint"}): ${fault}`);
  }
  return found;
}

const steps = [2, 4, 6, 8];

async function writeWholeRun(folder: string, seed: number): Promise<void> {
  cpSync(join(import.meta.dirname, "README.md"), join(folder, "notes.md")); // makes the folder
  const log = RunLog.open(folder);
  for (const body of fc.sample(bodyArbitrary, { numRuns: 60, seed })) log.append(body);
  log.close();
  const random = new Random(seed);
  for (const step of steps) {
    const tensor = () => ({ shape: [4, 8], data: Float32Array.from({ length: 32 }, () => random.normal()) });
    const numbers = () => new Map(["layer.weight", "gate"].map((name) => [name, tensor()]));
    const checkpoint = { step, seconds: step / 7, weights: numbers(), moments: numbers() };
    await saveCheckpoint(join(folder, checkpointFolder), checkpoint, { pipeline: "of a test" });
  }
}

async function faultOfLog(whole: string, damaged: string, random: Random, found: Damages): Promise<string | undefined> {
  damageLog(damaged, random);
  const lost = await lostRecords(whole, damaged);
  if (lost) return lost;
  const before = await readRecords(damaged);
  found.lost += (await readRecords(whole)).length - before.length;
  const log = RunLog.open(damaged);
  log.append({ channel: "message", value: "it goes on" } as never);
  log.close();
  const after = await readRecords(damaged);
  const [last] = after.slice(-1);
  if (after.length !== before.length + 1)
    return `${after.length - before.length} records came of one that was appended`;
  const isNewest = before.every(({ seq }) => seq < last!.seq);
  return isNewest ? undefined : `what was appended has the number ${last!.seq} of an earlier record`;
}

async function faultOfCheckpoint(damaged: string, random: Random): Promise<string | undefined> {
  damageCheckpoint(damaged, random);
  const said: string[] = [];
  const found = await newestCheckpoint(join(damaged, checkpointFolder), (message) => said.push(message));
  const [before, newest] = steps.slice(-2);
  if (found?.checkpoint.step !== before)
    return `that of step ${found?.checkpoint.step} is taken, not that of ${before}`;
  const isSaid = said.length === 1 && said[0]!.includes(String(newest)) && said[0]!.includes(`step ${before} is taken`);
  return isSaid ? undefined : `that is not said: ${said.join(" | ")}`;
}
