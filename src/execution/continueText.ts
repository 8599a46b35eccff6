import { existsSync } from "node:fs";
import { FlamingoError } from "../core/errors.ts";
import { instantiate } from "../core/instantiate.ts";
import type { Bits } from "../core/quantization.ts";
import { findBlock } from "../core/registry.ts";
import { Image } from "../data/image.ts";
import { type ModelTokenizer, openModelTokenizer } from "../data/modelTokenizer.ts";
import { openDevice } from "../engine/devices/device.ts";
import { type Tensor, tensor } from "../engine/tensor.ts";
import { type Decoding, openDecoding } from "../evaluation/decoding.ts";
import { type GenerateOptions, generate } from "../evaluation/generate.ts";
import { build } from "../models/build.ts";
import { importedFile } from "../models/imported.ts";
import type { ImportedModel } from "../models/modelFiles.ts";
import type { RecordSink } from "../runs/record.ts";
import { nodeProgress } from "./nodeProgress.ts";
import { requireImported, requireTokens } from "./requireImported.ts";

export interface ContinueTextOptions {
  /** Name of an imported model. */
  model: string;
  /** Folder of what was imported. */
  models: string;
  /** `<image>` and `<|endofchunk|>` in it stand for the tokens; images come first where it has no `<image>`. */
  prompt: string;
  /** Paths of image files, for the `<image>` tokens in their order. */
  images: readonly string[];
  device: string;
  /** Bits in which frozen matrices are held; as they were imported without it. */
  quantize?: Bits | undefined;
  generation: Pick<GenerateOptions, "most" | "sampling" | "beams" | "lengthPenalty">;
  log: RecordSink;
}

/** Whether a model was imported by this name. */
export function isImported(name: string, models: string): boolean {
  return existsSync(importedFile(models, name));
}

/**
 * Continues a prompt with an imported model: a language model, or a whole OpenFlamingo with images. Ends at the token that ends a text,
 * for a Flamingo `<|endofchunk|>`.
 *
 * @throws FlamingoError NOT_FOUND if nothing was imported by this name, or without a tokenizer; INVALID_WEIGHTS for a model that continues no text; MEDIA_COUNT;
 *   USAGE for options that contradict each other; NOT_FOUND or CORRUPT_IMAGE for an image
 */
export async function continueText(options: ContinueTextOptions): Promise<string> {
  const { model: name, models, device, quantize, generation, log } = options;
  const model = requireImported(name, models);
  const tokenizer = tokenizerOf(model, name);
  const block = model.family.forImages?.(model.block) ?? model.block;
  const { imageSize } = (block.config ?? {}) as { imageSize?: number };
  const ids = promptIds(options, tokenizer, name, imageSize);
  const images = await Promise.all(options.images.map((file) => Image.read(file, imageSize)));
  await openDevice(device as Parameters<typeof openDevice>[0]);
  const definition = findBlock(block.type)!;
  const built = build(definition, block.config ?? {}, {
    from: quantize === undefined ? model : { ...model, bits: quantize },
    frozen: true,
  });
  const media = imagesTensor(images);
  try {
    const open = () =>
      openDecoding(1, built.weights, (readingOf) => {
        const run = instantiate(definition, block.config ?? {}, readingOf(), { frozen: true }) as unknown as Run;
        return (tokens, mask) => logitsOf(run({ ids: tokens, ...(mask && { mask }), ...(media && { images: media }) }));
      });
    const { eos, image, endOfChunk } = tokenizer.special;
    const isFlamingo = imageSize !== undefined;
    const [text] = await generate(
      () => counted(open(), generation.most, nodeProgress(log, name, "generating")),
      [ids],
      {
        end: isFlamingo ? endOfChunk : (model.tokens?.ends ?? eos),
        never: isFlamingo ? [image] : [],
        ...generation,
      },
    );
    return tokenizer.decode(text!.tokens);
  } finally {
    media?.dispose();
    built.dispose();
  }
}

type Run = (inputs: Record<string, Tensor>) => Tensor | { logits: Tensor };

function logitsOf(outputs: Tensor | { logits: Tensor }): Tensor {
  return "logits" in outputs ? outputs.logits : outputs;
}

/** Images as a batch of one row: [1, media, 1, imageSize, imageSize, 3]. */
function imagesTensor(images: readonly Image[]): Tensor | undefined {
  const [first] = images;
  if (!first) return undefined;
  const pixels = new Float32Array(images.length * first.pixels.length);
  images.forEach((image, at) => {
    pixels.set(image.pixels, at * first.pixels.length);
  });
  return tensor(pixels, [1, images.length, 1, first.size, first.size, 3]);
}

/** The same decoding, which tells how many times it was read. */
function counted(decoding: Decoding, total: number, progress: (step: number, total: number) => void): Decoding {
  let reads = 0;
  return {
    get uncachedBecause() {
      return decoding.uncachedBecause;
    },
    read(ids, mask) {
      progress(Math.min(reads++, total), total);
      return decoding.read(ids, mask);
    },
    select: (rows) => decoding.select(rows),
    dispose: () => decoding.dispose(),
  };
}

function tokenizerOf(model: ImportedModel, name: string): ModelTokenizer {
  const { block, source } = model;
  if (findBlock(block.type)!.outputs.logits) return openModelTokenizer(requireTokens(model, name));
  throw new FlamingoError("INVALID_WEIGHTS", `"${name}" is a ${block.type}, which continues no text`, {
    source,
    fix: "name a language model or an OpenFlamingo",
  });
}

function promptIds(
  { prompt, images }: ContinueTextOptions,
  tokenizer: ModelTokenizer,
  name: string,
  imageSize: number | undefined,
): number[] {
  if (images.length > 0 && imageSize === undefined)
    throw new FlamingoError("USAGE", `"${name}" reads text alone, and ${images.length} images were given`, {
      fix: "leave the images out, or name an OpenFlamingo",
    });
  const text = prompt.includes("<image>") ? prompt : "<image>".repeat(images.length) + prompt;
  const ids = imageSize === undefined ? tokenizer.prompt(prompt, false) : tokenizer.prompt(text, true);
  const places = imageSize === undefined ? 0 : ids.filter((id) => id === tokenizer.special.image).length;
  if (imageSize !== undefined && places === 0)
    throw new FlamingoError("MEDIA_COUNT", `"${name}" is a Flamingo, and no image was given`, { fix: "give an image" });
  if (places === images.length) return ids;
  throw new FlamingoError("MEDIA_COUNT", `the prompt has ${places} <image>, and ${images.length} images were given`, {
    expected: places,
    actual: images.length,
    fix: "give one image for each <image>",
  });
}
