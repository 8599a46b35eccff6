import { fileURLToPath } from "node:url";
import { build } from "vite";
import config from "./vite.config.ts";

/** Builds the page into `dist/client`. Says nothing unless something is wrong. */
export async function buildClient(): Promise<void> {
  await build(config);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildClient();
