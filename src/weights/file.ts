import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readSafetensors, type Safetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";
import { refuse } from "./safetensorsHeader.ts";

/** One read takes at most this many bytes, which every system allows. */
const readAtOnce = 1 << 30;

/**
 * Saves weights as a safetensors file, in one step: whoever looks finds the old file or the whole new one, also
 * after a crash. Makes the folder if need be.
 *
 * @throws FlamingoError INVALID_WEIGHTS as `writeSafetensors`; the system's own error (ENOSPC, EACCES, ...) where the
 *   disk refuses, with the old file untouched
 */
export async function saveWeights(
  path: string,
  tensors: Iterable<readonly [name: string, tensor: StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const bytes = writeSafetensors(tensors, metadata);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  // In the same folder, since a rename across disks is a copy.
  const temporary = join(folder, `.${randomUUID()}.partial`);
  try {
    await writeAll(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeAll(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
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
 * Loads a safetensors file.
 *
 * @throws FlamingoError INVALID_WEIGHTS if there is no such file, it cannot be read, or its content breaks the format
 */
export async function loadWeights(path: string): Promise<Safetensors> {
  return readSafetensors(await readAll(path), path);
}

async function readAll(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let position = 0;
    while (position < size) {
      const { bytesRead } = await file.read(bytes, position, Math.min(readAtOnce, size - position), position);
      if (bytesRead === 0) break; // somebody shortened the file meanwhile
      position += bytesRead;
    }
    return bytes.subarray(0, position);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const finding = code === "ENOENT" ? "there is no such file" : `the file cannot be read: ${message}`;
    throw refuse(path, finding, { fix: "check the path and its permissions" });
  } finally {
    await file?.close();
  }
}
