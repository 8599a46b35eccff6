import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FlamingoError } from "../core/errors.ts";

/** Where the weights lie that come with the studio. */
export const pretrainedFolder = fileURLToPath(new URL("pretrained/", import.meta.url));

/** Names of the weights that come with the studio. */
export function pretrainedNames(): string[] {
  if (!existsSync(pretrainedFolder)) return [];
  return readdirSync(pretrainedFolder).flatMap((file) => (file.endsWith(".safetensors") ? [file.slice(0, -12)] : []));
}

/**
 * The file of pretrained weights by name: only what comes with the studio, so that a pipeline file can name no path.
 * @throws FlamingoError NOT_FOUND, listing the names there are
 */
export function pretrainedFile(name: string): string {
  if (pretrainedNames().includes(name)) return `${pretrainedFolder}${name}.safetensors`;
  throw new FlamingoError("NOT_FOUND", `there are no pretrained weights named "${name}"`, {
    actual: name,
    fix: `use one of: ${pretrainedNames().join(", ") || "none"}`,
  });
}
