import { FlamingoError } from "../core/errors.ts";
import type { Bits } from "../core/quantization.ts";
import type { Start } from "../core/reading.ts";
import type { WeightData } from "../core/weight.ts";
import { fileBytes } from "../weights/byteSource.ts";
import { listNames } from "../weights/mappedWeights.ts";
import { openTensors } from "../weights/openWeights.ts";
import { pretrainedFile } from "../weights/pretrained.ts";
import { floatTensors } from "../weights/storedTensor.ts";

/** Pretrained weights by the names of our blocks, read when somebody looks at them. */
export interface PretrainedWeights {
  /** The file or folder, for messages. */
  source: string;
  tensors: ReadonlyMap<string, WeightData>;
  /** Frozen matrices among them are held in so many bits. */
  bits?: Bits | undefined;
}

/** Finds the pretrained weights that a block starts from. @throws FlamingoError NOT_FOUND, INVALID_WEIGHTS */
export type FindPretrained = (start: Pick<Start, "weights"> & Partial<Start>) => PretrainedWeights;

/** Those that come with the studio; also a file of weights by its path. */
export const shippedWeights: FindPretrained = ({ weights: name }) => {
  const source = name.endsWith(".safetensors") ? name : pretrainedFile(name);
  return { source, tensors: floatTensors(openTensors(fileBytes(source))) };
};

/** A weight as a block describes it. */
interface Described {
  readonly name: string;
  readonly shape: readonly number[];
  readonly frozen: boolean;
}

/** Pretrained weights that a block starts from, found and compared with what it has. */
export interface OpenedStart extends PretrainedWeights {
  start: Start;
  /** Names that have no place in the block. */
  unused: string[];
}

/**
 * Finds the pretrained weights that blocks start from, and compares them by name and shape. No numbers are read.
 *
 * @param starts the outer before the inner: a start takes the place of the one around it
 * @param weights all weights of the blocks, by full names
 * @throws FlamingoError NOT_FOUND; INVALID_WEIGHTS, listing names, if shapes differ or a file lacks a frozen weight, which would
 *   stay random
 */
export function openStarts(
  starts: readonly Start[],
  weights: readonly Described[],
  find: FindPretrained = shippedWeights,
): OpenedStart[] {
  return starts.map((start, index) => {
    const { source, tensors, bits } = find(start);
    const inner = starts.slice(index + 1);
    const unused = new Set(tensors.keys());
    const missing: string[] = [];
    const misshapen: string[] = [];
    for (const { name, shape, frozen } of weights) {
      if (!isWithin(name, start.path)) continue;
      const own = start.path === "" ? name : name.slice(start.path.length + 1);
      const found = tensors.get(own);
      unused.delete(own);
      if (found && String(found.shape) !== String(shape))
        misshapen.push(`"${name}" has shape [${shape}], but [${found.shape}] in the file`);
      if (!found && frozen && !inner.some(({ path }) => isWithin(name, path))) missing.push(own);
    }
    const findings = [
      ...(missing.length > 0
        ? [`it lacks ${missing.length} frozen weight${missing.length === 1 ? "" : "s"}: ${listNames(missing)}`]
        : []),
      ...(misshapen.length > 0 ? [listNames(misshapen)] : []),
    ];
    if (findings.length === 0) return { start, source, tensors, bits, unused: [...unused] };
    const whose = start.path ? ` "${start.path}"` : " the block";
    throw new FlamingoError("INVALID_WEIGHTS", `"${start.weights}" does not fit${whose}: ${findings.join("; ")}`, {
      ...(start.path ? { block: start.path } : {}),
      source,
      fix: "use the configuration that the weights were made with",
    });
  });
}

function isWithin(name: string, path: string): boolean {
  return path === "" || name === path || name.startsWith(`${path}.`);
}
