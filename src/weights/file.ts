import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileBytes } from "./byteSource.ts";
import { layOutSafetensors, type NamedTensors, openSafetensors } from "./safetensors.ts";
import type { WeightsFile } from "./storedTensor.ts";

/** Is called with how many bytes of how many are done. */
export type ByteProgress = (bytes: number, total: number) => void;

/**
 * Saves weights as a safetensors file, in one step: whoever looks finds the old file or the whole new one, also
 * after a crash. Makes the folder if need be. Of tensors in a file, one at a time is in memory.
 *
 * @throws FlamingoError INVALID_WEIGHTS as `layOutSafetensors`; the system's own error (ENOSPC, EACCES, ...) where the
 *   disk refuses, with the old file untouched
 */
export async function saveWeights(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
  progress: ByteProgress = () => {},
): Promise<void> {
  const { size, parts } = layOutSafetensors(tensors, metadata);
  await writeInOneStep(path, parts(), (bytes) => progress(bytes, size));
}

/** Writes a file part by part, in one step: after a crash there is the old file or the whole new one. Makes the folder if need be. */
export async function writeInOneStep(
  path: string,
  parts: Iterable<Uint8Array>,
  written: (bytes: number) => void,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  // In the same folder, since a rename across disks is a copy.
  const temporary = join(folder, `.${randomUUID()}.partial`);
  try {
    await writeParts(temporary, parts, written);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeParts(path: string, parts: Iterable<Uint8Array>, written: (bytes: number) => void): Promise<void> {
  const file = await open(path, "wx");
  let bytes = 0;
  try {
    for (const part of parts) {
      await file.writeFile(part); // continues where the last one ended
      bytes += part.length;
      written(bytes);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename last through a power cut. Windows has no such call, and its rename does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Opens a safetensors file. Its numbers are read when somebody looks at them.
 *
 * @throws FlamingoError INVALID_WEIGHTS if there is no such file, it cannot be read, or its content breaks the format
 */
export async function loadWeights(path: string): Promise<WeightsFile> {
  return openSafetensors(fileBytes(path));
}
