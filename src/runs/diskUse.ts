import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkpointFolder } from "./folder.ts";

/** Folders of a run that take nearly all of its room on the disk. */
const folders = [checkpointFolder, "weights"];

/** Bytes that a run's checkpoints and weights take on the disk. */
export async function diskUse(run: string): Promise<number> {
  const sizes = await Promise.all(
    folders.map(async (name) => {
      const files = await readdir(join(run, name)).catch((): string[] => []);
      const found = await Promise.all(files.map((file) => stat(join(run, name, file)).catch(() => undefined)));
      return found.reduce((sum, each) => sum + (each?.size ?? 0), 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
