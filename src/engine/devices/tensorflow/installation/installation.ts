import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/**
 * What `flamingo device tensorflow --install` leaves. Its place is beside the packages, where tfjs-node's files find the one
 * TensorFlow.js that the engine has: `node_modules/.cache/flamingo/tensorflow`.
 */
export const installationFolder = join(
  dirname(require.resolve("@tensorflow/tfjs/package.json")),
  "../../.cache/flamingo/tensorflow",
);

/** Where the parts lie within the folder. */
export const parts = {
  /** The package @tensorflow/tfjs-node, as npm has it. */
  package: "tfjs-node",
  addon: "tfjs_binding.node",
  /** libtensorflow, and NVIDIA's libraries beside it. */
  libraries: "lib",
  /** Written last: an installation without it is half done. */
  record: "installed.json",
} as const;

/** What was installed and tried out. */
export interface Installation {
  tensorflow: string;
  tfjsNode: string;
  gpu: boolean;
  /** Which native operations the addon has: a hash of their source. Missing where it has none. */
  operations?: string;
  /** Node's version whose interface for addons it was built for. */
  napi: number;
}

/** What is installed in this folder; undefined if nothing is, or only in part. */
export function readInstallation(folder = installationFolder): Installation | undefined {
  const record = join(folder, parts.record);
  if (!existsSync(record)) return undefined;
  try {
    return JSON.parse(readFileSync(record, "utf8")) as Installation;
  } catch {
    return undefined;
  }
}

/** The sources of our operations, which are compiled into the addon. */
export const operationsFolder = fileURLToPath(new URL("../native/", import.meta.url));

/** Names the operations as they are now: an addon that was built from others would be called in a way that it does not know. */
export function operationsHash(): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(operationsFolder).sort())
    hash.update(name).update(readFileSync(join(operationsFolder, name)));
  return hash.digest("hex").slice(0, 16);
}
