import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { build, mergeConfig } from "vite";
import { builtFolder } from "../src/package/compiled.ts";
import config from "./vite.config.ts";

const page = join(builtFolder, "client");

/**
 * Builds the page into `dist/client`. Says nothing unless something is wrong. The old page is there until the new one is
 * whole: a studio that serves it meanwhile goes on serving.
 */
export async function buildClient(): Promise<void> {
  const [fresh, old] = [`${page}.${process.pid}.new`, `${page}.${process.pid}.old`];
  await build(mergeConfig(config, { build: { outDir: fresh } }));
  await rename(page, old).catch(() => undefined); // the first time there is none
  await rename(fresh, page);
  await rm(old, { recursive: true, force: true });
}
