import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FlamingoError } from "../core/errors.ts";
import { bitWidths } from "../core/quantization.ts";
import { weightsName } from "../core/slot.ts";
import { type FindPretrained, shippedWeights } from "./loadPretrained.ts";
import { type ImportedModel, openModel } from "./modelFiles.ts";

/**
 * Where imported weights are. A pipeline has only their name; the file of that name in the home folder has the path, so that a
 * pipeline that came from somewhere else cannot name a file of this machine.
 */
export const importedSchema = z.strictObject({
  format: z.literal("flamingo-weights"),
  version: z.literal(1),
  path: z.string(),
  config: z.string().optional(),
  vision: z.string().optional(),
  language: z.string().optional(),
  quantize: z.literal(bitWidths).optional(),
});
export type Imported = z.output<typeof importedSchema>;

/** The file that says where the imported weights of a name are. */
export function importedFile(models: string, name: string): string {
  return join(models, `${name}.json`);
}

/**
 * Finds pretrained weights by name: those that come with the studio, and those that were imported.
 * @param models folder of the imported ones
 */
export function findPretrained(models: string | undefined): FindPretrained {
  return (start) => {
    const { weights: name } = start;
    const isName = models !== undefined && weightsName.safeParse(name).success;
    return (isName && findImported(models, name)) || shippedWeights(start);
  };
}

/** The model whose weights were imported by this name; undefined if none were. */
export function findImported(models: string, name: string): ImportedModel | undefined {
  const file = importedFile(models, name);
  return existsSync(file) ? openModel(readImported(file)) : undefined;
}

function readImported(file: string): Imported {
  try {
    return importedSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new FlamingoError("INVALID_WEIGHTS", `${file} does not say where imported weights are`, {
      source: file,
      fix: "import the weights once more",
    });
  }
}
