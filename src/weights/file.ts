import { dirname } from "node:path";
import { makeFolder } from "../files/makeFolder.ts";
import { writeAtomic } from "../files/writeAtomic.ts";
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
  await makeFolder(dirname(path));
  await writeAtomic(path, parts(), (bytes) => progress(bytes, size));
}

/**
 * Opens a safetensors file. Its numbers are read when somebody looks at them.
 *
 * @throws FlamingoError INVALID_WEIGHTS if there is no such file, it cannot be read, or its content breaks the format
 */
export async function loadWeights(path: string): Promise<WeightsFile> {
  return openSafetensors(fileBytes(path));
}
