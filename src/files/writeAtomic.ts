import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Writes a file in one step: a reader, now or after a crash, finds the old content or the whole new content. Writes a file
 * `.ID.partial` beside it, flushes that to the disk and renames it.
 *
 * @param content text, bytes, or bytes part by part, of which one part at a time is in memory
 * @param onProgress is called with the bytes that are written, after each part
 * @throws the system's own error (ENOENT, ENOSPC, EACCES, ...), with the old file untouched
 */
export async function writeAtomic(
  file: string,
  content: string | Uint8Array | Iterable<Uint8Array>,
  onProgress: (bytes: number) => void = () => {},
): Promise<void> {
  const folder = dirname(file);
  // In the same folder: a rename to another disk would be a copy.
  const partial = join(folder, `.${randomUUID()}.partial`);
  try {
    await writeParts(
      partial,
      typeof content === "string" || ArrayBuffer.isView(content) ? [content] : content,
      onProgress,
    );
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await flushFolder(folder);
}

async function writeParts(
  path: string,
  parts: Iterable<string | Uint8Array>,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const handle = await open(path, "wx");
  let bytes = 0;
  try {
    for (const part of parts) {
      await handle.writeFile(part); // continues where the last part ended
      bytes += part.length;
      onProgress(bytes);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the rename last through a power cut. Windows has no such call, and its rename does not need it. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
