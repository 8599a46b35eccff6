import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isCompiled } from "../package/compiled.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** All of this project that the page is made from. */
export const pageSources = [
  "editor/client",
  "editor/shared",
  "editor/vite.config.ts",
  "kernel/nbformat",
  "kernel/protocol",
  "src/channels",
  "src/core",
  "src/figures",
  "src/graph",
  "src/pipeline",
  "src/runs",
  "package-lock.json",
];

/**
 * Builds the studio's page where it is missing or older than what it is made from. The package has it built.
 * @param folder where it is built
 * @param say called beforehand with what is done, since it takes a moment
 */
export async function buildClientIfStale(folder: string, say: (line: string) => void): Promise<void> {
  if (isCompiled) return;
  const built = await newest(join(folder, "index.html"));
  const changed = Math.max(...(await Promise.all(pageSources.map((source) => newest(join(root, source))))));
  if (built >= changed) return;
  say("building the studio's page, once…");
  const { buildClient } = await import("../../editor/build.ts"); // only now: a start that builds nothing need not wait
  await buildClient();
}

/** When a file, or anything in a folder, was changed last; 0 if it is not there. */
async function newest(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const inside = await readdir(path);
  return Math.max(found.mtimeMs, ...(await Promise.all(inside.map((name) => newest(join(path, name))))));
}
