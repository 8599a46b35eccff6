import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import type { WeightData } from "../engine/readings/weights.ts";
import { loadWeights, saveWeights } from "../weights/file.ts";
import { type LossScaleState, lossScaleState } from "./lossScale.ts";

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
  lossScale?: LossScaleState;
}

const pattern = /^step-(\d{6,})\.safetensors$/;

/** `step-000500.safetensors`, the name of the checkpoint of step 500. */
export function checkpointFile(step: number): string {
  return `step-${String(step).padStart(6, "0")}.safetensors`;
}

/** Writes a checkpoint in one step: after a crash there is the whole file or none. Returns its name. */
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
  const { step, seconds, lossScale } = checkpoint;
  const numbers = { step: String(step), seconds: seconds.toFixed(3) };
  const scaling = lossScale ? { lossScale: JSON.stringify(lossScale) } : {};
  await saveWeights(join(folder, file), tensors, { ...metadata, ...numbers, ...scaling });
  return file;
}

/** Reads a checkpoint. @throws FlamingoError INVALID_WEIGHTS */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await loadWeights(path);
  const step = Number(metadata.step);
  if (!Number.isSafeInteger(step) || step < 0) {
    const fix = "resume from another checkpoint";
    throw new FlamingoError("INVALID_WEIGHTS", `${path} does not say which step it is of`, { source: path, fix });
  }
  const weights = new Map<string, WeightData>();
  const moments = new Map<string, WeightData>();
  for (const [name, { shape, data }] of tensors) {
    const [kind, ...rest] = name.split(".");
    (kind === "moments" ? moments : weights).set(rest.join("."), { shape, data: data as Float32Array });
  }
  const lossScale = metadata.lossScale === undefined ? {} : { lossScale: readLossScale(metadata.lossScale, path) };
  return { step, seconds: Number(metadata.seconds ?? 0), weights, moments, ...lossScale };
}

function readLossScale(text: string, path: string): LossScaleState {
  try {
    return lossScaleState.parse(JSON.parse(text));
  } catch {
    const fix = "resume from another checkpoint";
    throw new FlamingoError("INVALID_WEIGHTS", `the loss scale in ${path} cannot be read`, { source: path, fix });
  }
}

/** The checkpoint of the highest step in a folder, by name; undefined where there is none. */
export async function newestCheckpoint(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  const steps = names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
  return steps.length > 0 ? join(folder, checkpointFile(Math.max(...steps))) : undefined;
}
