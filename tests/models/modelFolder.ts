import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const families = fileURLToPath(new URL("../fixtures/families/", import.meta.url));

/** The tensors that a reference case has in one of its files. */
export function caseTensors(family: string, file = "weights"): Map<string, StoredTensor> {
  return readSafetensors(readFileSync(join(families, family, `${file}.safetensors`))).tensors;
}

/** A folder of transformers with the model of a reference case. @param change may change its tensors, and its config.json */
export function modelFolder(
  family: string,
  change: (
    tensors: Map<string, StoredTensor>,
    config: Record<string, unknown>,
  ) => Map<string, StoredTensor> | undefined = (tensors) => tensors,
  parent = temporaryFolder(),
): string {
  const folder = join(parent, family);
  mkdirSync(folder, { recursive: true });
  const reference = JSON.parse(readFileSync(join(families, family, "config.json"), "utf8"));
  const config = { architectures: [reference.block], ...reference.config };
  const tensors = change(caseTensors(family), config);
  if (tensors) writeFileSync(join(folder, "model.safetensors"), writeSafetensors(tensors));
  else cpSync(join(families, family, "weights.safetensors"), join(folder, "model.safetensors"));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}
