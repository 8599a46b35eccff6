import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { FlamingoError } from "../core/errors.ts";
import type { WeightData } from "../core/weight.ts";
import { loadWeights, saveWeights } from "../weights/file.ts";
import { floatTensors, type StoredTensor } from "../weights/storedTensor.ts";
import { lossScaleState } from "./lossScale.ts";

/** What tells which checkpoint is the best. */
const lossRecord = z.object({
  /** Of the steps since the last checkpoint that was due. */
  sum: z.number(),
  count: z.int().nonnegative(),
  /** The checkpoint of the lowest mean loss so far. */
  best: z.object({ step: z.int().nonnegative(), loss: z.number() }).exactOptional(),
});
export type LossRecord = z.output<typeof lossRecord>;

/** A training at a step: all that is needed to go on as if nothing had happened. */
export interface Checkpoint {
  step: number;
  /** How long the steps took, all together. */
  seconds: number;
  /** Trainable weights by name. */
  weights: Map<string, WeightData>;
  /** AdamW's moments by name. */
  moments: Map<string, WeightData>;
  /** Of a training in mixed precision. */
  lossScale?: z.output<typeof lossScaleState>;
  losses?: LossRecord;
}

/** A checkpoint and the file that it was read from. */
export interface StoredCheckpoint {
  path: string;
  checkpoint: Checkpoint;
}

const pattern = /^step-(\d{6,})\.safetensors$/;

/** `step-000500.safetensors`, the name of the checkpoint of step 500. */
export function checkpointFile(step: number): string {
  return `step-${String(step).padStart(6, "0")}.safetensors`;
}

/**
 * Writes a checkpoint in one step: after a crash there is the whole file or none. A checksum over names, shapes, numbers
 * and metadata goes with it. Returns the file's name.
 */
export async function saveCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  metadata: Record<string, string>,
): Promise<string> {
  const tensors = [
    ...[...checkpoint.weights].map(([name, data]) => [`weights.${name}`, { dtype: "F32" as const, ...data }] as const),
    ...[...checkpoint.moments].map(([name, data]) => [`moments.${name}`, { dtype: "F32" as const, ...data }] as const),
  ];
  const file = checkpointFile(checkpoint.step);
  const { step, seconds, lossScale, losses } = checkpoint;
  const all = {
    ...metadata,
    step: String(step),
    seconds: seconds.toFixed(3),
    ...(lossScale ? { lossScale: JSON.stringify(lossScale) } : {}),
    ...(losses ? { losses: JSON.stringify(losses) } : {}),
  };
  await saveWeights(join(folder, file), tensors, { ...all, checksum: checksumOf(new Map(tensors), all) });
  return file;
}

/**
 * Reads a checkpoint. Those of versions that wrote no checksum are read without.
 * @throws FlamingoError INVALID_WEIGHTS, also where a single bit is not as it was written
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await loadWeights(path);
  const { checksum, ...rest } = metadata;
  if (checksum !== undefined && checksum !== checksumOf(tensors, rest))
    throw damaged(path, "its content does not have the checksum that was written with it");
  const step = Number(metadata.step);
  if (!Number.isSafeInteger(step) || step < 0) throw damaged(path, "it does not say which step it is of");
  const weights = new Map<string, WeightData>();
  const moments = new Map<string, WeightData>();
  // All numbers at once: the file may be deleted while the training goes on.
  for (const [name, { shape, data }] of floatTensors({ tensors })) {
    const [kind, ...parts] = name.split(".");
    (kind === "moments" ? moments : weights).set(parts.join("."), { shape, data });
  }
  return {
    step,
    seconds: Number(metadata.seconds ?? 0),
    weights,
    moments,
    ...(metadata.lossScale === undefined ? {} : { lossScale: read(lossScaleState, metadata.lossScale, path) }),
    ...(metadata.losses === undefined ? {} : { losses: read(lossRecord, metadata.losses, path) }),
  };
}

/** The same for the same content, in whatever order it comes. */
function checksumOf(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string | undefined>>,
): string {
  const hash = createHash("sha256");
  const byName = <T>(entries: Iterable<[string, T]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  hash.update(JSON.stringify(byName(Object.entries(metadata))));
  for (const [name, { dtype, shape, data }] of byName(tensors)) {
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return `sha256:${hash.digest("hex")}`;
}

function read<T>(schema: z.ZodType<T>, text: string, path: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw damaged(path, `its metadata ${text} cannot be read`);
  }
}

function damaged(path: string, finding: string): FlamingoError {
  const fix = "resume from another checkpoint";
  return new FlamingoError("INVALID_WEIGHTS", `${path} is damaged: ${finding}`, { source: path, fix });
}

/**
 * The checkpoint of the highest step that can be read; undefined where there is none.
 * @param warn is called with each that is damaged and with the one that is taken instead
 */
export async function newestCheckpoint(
  folder: string,
  warn: (message: string) => void,
): Promise<StoredCheckpoint | undefined> {
  const failed: string[] = [];
  const tell = (instead: string) => {
    if (failed.length > 0) warn(`${failed.join("; ")}. ${instead}`);
  };
  for (const step of (await stepsIn(folder)).reverse()) {
    const path = join(folder, checkpointFile(step));
    try {
      const checkpoint = await loadCheckpoint(path);
      tell(`The checkpoint of step ${checkpoint.step} is taken instead`);
      return { path, checkpoint };
    } catch (error) {
      if (!(error instanceof FlamingoError)) throw error;
      failed.push(`the checkpoint ${basename(path)} cannot be read (${error.message})`);
    }
  }
  tell("There is no other checkpoint");
  return undefined;
}

/**
 * Deletes checkpoints that are no longer needed.
 * @param last how many of the highest steps stay
 * @param best the step of one more that stays
 */
export async function pruneCheckpoints(folder: string, last: number, best: number | undefined): Promise<void> {
  const old = (await stepsIn(folder)).slice(0, -last).filter((step) => step !== best);
  for (const step of old) await rm(join(folder, checkpointFile(step)), { force: true });
}

/** Steps of the checkpoints in a folder, the lowest first. */
async function stepsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
