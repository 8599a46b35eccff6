// A checkout's kernel in a few files, below dist/kernel, so that it starts without hundreds of sources being compiled one by
// one. It is made when a kernel finds none of the sources as they are. Plain JavaScript, for it runs before all else.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { setPriority } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Milliseconds after a kernel's start until a bundle is made: its first cells come first. */
const delay = 3_000;

/** Has a folder for each bundle: kernels that run load of theirs what they need. */
export const bundles = `${root}dist/kernel/`;
/** What the latest bundle was made from, path and stamp of each, and its folder. */
export const latestFile = `${bundles}latest.json`;

/** Changes with the file. */
export function stampOf(path) {
  const stat = statSync(root + path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : "";
}

/** The folder of the bundle, as a URL; undefined where there is none of the sources as they are. */
export function findBundle() {
  try {
    const { inputs, name } = JSON.parse(readFileSync(latestFile, "utf8"));
    const isFresh = inputs.every(([path, stamp]) => stampOf(path) === stamp) && existsSync(`${bundles}${name}`);
    return isFresh ? pathToFileURL(`${bundles}${name}/`) : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the bundle for the kernels that follow, once the first cells had their time. */
export function buildBundleLater() {
  setTimeout(() => buildBundle(19), delay).unref();
}

/**
 * Makes the bundle, unless it is there, in a process that goes on when this one ends.
 * @param niceness of that process, 19 for what nobody waits for
 */
export async function buildBundle(niceness) {
  if (findBundle()) return;
  const script = fileURLToPath(new URL("./build.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script], {
    stdio: "ignore",
    detached: true,
    env: { ...process.env, NODE_OPTIONS: "", TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
  });
  const ended = new Promise((resolve) => child.once("close", resolve).once("error", resolve)); // the next kernel tries again
  if (niceness === 0) return ended;
  if (child.pid !== undefined) setPriority(child.pid, niceness);
  child.unref();
}
