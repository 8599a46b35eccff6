import { stat } from "node:fs/promises";
import { FlamingoError } from "../core/errors.ts";
import { type Pipeline, readPipeline } from "../pipeline/schema.ts";
import { readTemplate, templateNames } from "../runs/templates.ts";
import { readNamedFile } from "./readNamedFile.ts";

const mostBytes = 16 * 1024 * 1024;

/**
 * Reads a pipeline: a file, or a template by its name where there is no file of that name.
 * @throws FlamingoError NOT_FOUND, INVALID_PIPELINE, NEWER_PIPELINE
 */
export async function readPipelineFile(file: string): Promise<Pipeline> {
  const found = await stat(file).catch(() => undefined);
  const templates = await templateNames();
  if (!found && templates.includes(file)) return readTemplate(file);
  if (found && found.size > mostBytes)
    throw new FlamingoError("NOT_FOUND", `cannot read ${file}: it is too large for a pipeline`, {
      source: file,
      fix: "name a pipeline file",
    });
  const fix = `name a pipeline file, or a template: ${templates.join(", ")}`;
  return readPipeline(await readNamedFile(file, templates, fix), file);
}
