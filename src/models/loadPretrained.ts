import type { Start } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import type { Weights } from "../engine/readings/weights.ts";
import { loadWeights } from "../weights/file.ts";
import { pretrainedFile } from "../weights/pretrained.ts";
import { floatTensors } from "../weights/storedTensor.ts";

/**
 * Loads pretrained weights, by the names that they have from the path of each start on. A start takes the place of the one around it.
 * @param starts the outer before the inner; a source may also be a file of weights
 * @returns for each start the names in its file that have no place in the model
 * @throws FlamingoError NOT_FOUND; INVALID_WEIGHTS if shapes differ, or if a file lacks a frozen weight, which would stay random
 */
export async function loadPretrained(
  weights: Weights,
  starts: readonly Start[],
): Promise<{ start: Start; unused: string[] }[]> {
  const loaded: { start: Start; unused: string[] }[] = [];
  for (const start of starts) {
    const { path, weights: source } = start;
    const file = source.endsWith(".safetensors") ? source : pretrainedFile(source);
    const { missing, unused } = weights.load(floatTensors(await loadWeights(file)), path, file);
    const further = starts.slice(starts.indexOf(start) + 1);
    const random = missing.filter((name) => {
      const full = path ? `${path}.${name}` : name;
      return weights.get(full)?.frozen && !further.some((other) => isWithin(full, other.path));
    });
    if (random.length > 0) {
      const whose = path ? ` of "${path}"` : "";
      const message = `"${source}" lacks ${random.length} frozen weights${whose}, such as ${random[0]}`;
      throw new FlamingoError("INVALID_WEIGHTS", message, {
        ...(path ? { block: path } : {}),
        source: file,
        fix: "use the configuration that the weights were made with",
      });
    }
    loaded.push({ start, unused });
  }
  return loaded;
}

function isWithin(name: string, path: string): boolean {
  return path === "" || name === path || name.startsWith(`${path}.`);
}
