import { readFile, stat } from "node:fs/promises";
import { FlamingoError } from "../core/errors.ts";
import { type Pipeline, readPipeline } from "../pipeline/schema.ts";

const mostBytes = 16 * 1024 * 1024;

/**
 * Reads a pipeline file.
 * @throws FlamingoError NOT_FOUND, INVALID_PIPELINE, NEWER_PIPELINE
 */
export async function readPipelineFile(file: string): Promise<Pipeline> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > mostBytes) throw new Error("it is too large for a pipeline");
    text = await readFile(file, "utf8");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "it is not there" : (error as Error).message;
    const details = { source: file, fix: "name a pipeline file, such as editor/templates/emoji-captions.json" };
    throw new FlamingoError("NOT_FOUND", `cannot read ${file}: ${reason}`, details, { cause: error });
  }
  return readPipeline(text, file);
}
