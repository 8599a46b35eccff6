import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findHome } from "../../src/runs/home.ts";
import { templateNames } from "../../src/runs/templates.ts";

/** What this notebook wrote last among the studio's pipelines, by file. */
const written = new Map<string, string>();

/**
 * The file among the studio's own pipelines in which this text may be written: of the id that is asked for, or of the next
 * one that is free. Taken are templates, which hide a file of their name, and files with what this notebook did not write.
 */
export async function findStudioFile(id: string, text: string): Promise<{ id: string; file: string }> {
  const templates = await templateNames();
  for (let number = 1; ; number++) {
    const free = number === 1 ? id : `${id}-${number}`;
    const file = join(findHome().pipelines, `${free}.json`);
    if (templates.includes(free)) continue;
    const there = await readFile(file, "utf8").catch(refuseUnlessMissing);
    if (there !== undefined && there !== text && there !== written.get(file)) continue;
    written.set(file, text);
    return { id: free, file };
  }
}

function refuseUnlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
