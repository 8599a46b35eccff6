import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Names of files that are being written: `.ID.partial`; earlier versions also wrote `NAME.ID.tmp`. */
const unfinished = /^\..+\.partial$|\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/**
 * Deletes what a killed process left half written in a run folder. Only for the process that holds the run's lease: nobody
 * else writes there.
 */
export async function clearLeftovers(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && unfinished.test(entry.name));
  await Promise.all(files.map(({ parentPath, name }) => rm(join(parentPath, name), { force: true })));
}
