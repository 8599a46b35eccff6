import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ByteSource, fileBytes } from "./byteSource.ts";
import { isPytorch, openPytorch } from "./pytorch/checkpoint.ts";
import { refuse } from "./refuse.ts";
import { openSafetensors } from "./safetensors.ts";
import { openShards } from "./shards.ts";
import type { WeightsFile } from "./storedTensor.ts";

/** Where a folder of transformers has its weights, in the order in which it looks for them, and then one of OpenFlamingo. */
const folderFiles = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "checkpoint.pt",
  "final_weights.pt",
];

/** What files of weights are called. */
const endings = /\.(safetensors|bin|pt|pth)$/;

/**
 * Opens weights by a file or folder: safetensors, PyTorch's `.pt` and `.bin`, the index of several of them, or a folder of
 * transformers or OpenFlamingo. What a file is, its content tells, not its name. The numbers of a tensor are read when somebody looks at them.
 *
 * @throws FlamingoError INVALID_WEIGHTS if there is no such file, or its content breaks its format
 */
export function openWeights(path: string): WeightsFile {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return openContent(fileBytes(path));
  const file = folderFiles.map((name) => join(path, name)).find((each) => existsSync(each));
  if (file !== undefined) return openContent(fileBytes(file));
  const others = readdirSync(path).filter((name) => endings.test(name));
  throw refuse(path, `the folder has none of ${folderFiles.join(", ")}`, {
    fix: others.length > 0 ? `name the file of the weights: ${others.join(", ")}` : "name the file of the weights",
  });
}

function openContent(bytes: ByteSource): WeightsFile {
  if (isIndex(bytes)) return openShards(bytes, (shard) => openTensors(fileBytes(shard)));
  return openTensors(bytes);
}

/** Opens a file of tensors by its content. */
export function openTensors(bytes: ByteSource): WeightsFile {
  // A safetensors file may begin with any byte, those of other formats too, but its header begins with a brace.
  const isSafetensors = bytes.size > 8 && bytes.read(8, 1)[0] === 0x7b;
  return !isSafetensors && isPytorch(bytes) ? openPytorch(bytes) : openSafetensors(bytes);
}

/** An index is a JSON text. The bytes from the fifth of a safetensors file are zeros, since its header is no longer than 100 MB. */
function isIndex(bytes: ByteSource): boolean {
  const first = bytes.read(0, Math.min(bytes.size, 8));
  return first[0] === 0x7b && first.at(-1) !== 0;
}
