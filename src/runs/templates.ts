import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FlamingoError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { type Pipeline, readPipeline } from "../pipeline/schema.ts";

/** Where the pipelines lie that come with the studio. */
export const templatesFolder = fileURLToPath(new URL("../../editor/templates/", import.meta.url));

/** Names of the pipelines that come with the studio. */
export async function templateNames(): Promise<string[]> {
  const files = await readdir(templatesFolder).catch((): string[] => []);
  return files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -5));
}

/** The file of a pipeline that comes with the studio. @throws FlamingoError NOT_FOUND, listing the names there are */
export async function templateFile(name: string): Promise<string> {
  const names = await templateNames();
  if (names.includes(name)) return join(templatesFolder, `${name}.json`);
  const fix = suggestion(name, names, `name one of ${names.join(", ")}`);
  throw new FlamingoError("NOT_FOUND", `there is no template "${name}"`, { source: templatesFolder, fix });
}

/** Reads a pipeline that comes with the studio. @throws FlamingoError NOT_FOUND, listing the names there are */
export async function readTemplate(name: string): Promise<Pipeline> {
  const file = await templateFile(name);
  return readPipeline(await readFile(file, "utf8"), file);
}
