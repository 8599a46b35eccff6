import type { Value } from "../../src/core/call.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import type { Reading } from "../../src/core/reading.ts";
import type { Example } from "../../src/data/evaluationSet.ts";
import { Tokenizer } from "../../src/data/tokenizer.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { reshape, slice, type Tensor, tensor } from "../../src/engine/tensor.ts";
import type { Model } from "../../src/evaluation/model.ts";
import { PromptModel } from "../../src/evaluation/promptModel.ts";
import type { Source } from "../../src/graph/graph.ts";

export const words = new Tokenizer(["a", "big", "cat", "dog", "red", "house", "sky", "tree", "sun"]);
export const tokens = words.special;
const width = words.pretrained + 2;
const nouns = ["cat", "dog", "house", "sky", "tree", "sun"];

/** What the images show: each has the number of its label as its only colour. */
export const labels = nouns.flatMap((noun) => [noun, `big ${noun}`, `a red ${noun}`]);

export function imageOf(label: number) {
  return { pixels: Float32Array.of(label, label, label), frames: 1, size: 1 };
}

export function examples(count = labels.length): Example[] {
  return Array.from({ length: count }, (_, index) => {
    const label = labels[index]!;
    const others = labels.filter((each) => each !== label).slice(0, 5);
    const right = index % 6;
    return {
      media: [imageOf(index)],
      captions: [label],
      group: label.split(" ").at(-1)!,
      candidates: [...others.slice(0, right), label, ...others.slice(right)],
      right,
    };
  });
}

/** What a made-up model thinks: the logit of a token, given the label of the last image and the text of the chunk so far. */
export type Opinion = (label: string | undefined, chunk: readonly number[], token: number) => number;

/** Says what is on the image, token by token, then ends. */
export const knowing: Opinion = (label, chunk, token) => {
  if (label === undefined) return 0;
  const next = words.encode(label)[chunk.length] ?? tokens.endOfChunk;
  return token === next ? 20 : 0;
};

/** A graph whose language model is an opinion. It remembers the images that it encoded, and those that each text was read with. */
export class OpinionGraph implements Model {
  readonly weights = new Weights(1);
  /** Labels of the images, call by call. */
  readonly encoded: number[][] = [];
  readonly read: { images: number[][]; length: number }[] = [];
  /** Whether there is a language model that reads text alone. */
  readsAlone = true;
  readonly #opinion: Opinion;

  constructor(opinion: Opinion) {
    this.#opinion = opinion;
  }

  node(id: string) {
    const outputs = {
      data: { images: ["batch", "media", "frames", 1, 1, 3], ids: ["batch", "length"] },
      see: { features: ["batch", "media", "frames"] },
      say: { logits: [] },
    };
    return { id, label: id, outputs: outputs[id as keyof typeof outputs] };
  }

  inputsOf(id: string): Record<string, Source> {
    const from = (node: string, port: string) => ({ node, port });
    const inputs: Record<string, Record<string, Source>> = {
      see: { images: from("data", "images") },
      say: { ids: from("data", "ids"), media: from("see", "features") },
    };
    return inputs[id] ?? {};
  }

  sourcesOf() {
    return [this.node("data")];
  }

  blocksUpTo() {
    return ["see", "say"];
  }

  isOptional(_id: string, port: string) {
    return port === "media" && this.readsAlone;
  }

  placedBlocks() {
    return [];
  }

  watched<T>(_probes: unknown, f: () => T): T {
    return f();
  }

  edited(): Model {
    return this;
  }

  under(readingOf: (node: string) => Reading): Model {
    if (readingOf("say") instanceof Eager) return this;
    const refuse = () => {
      throw new FlamingoError("NOT_INCREMENTAL", "an opinion needs the whole text", {});
    };
    return Object.assign(Object.create(this) as OpinionGraph, { compute: refuse, call: refuse });
  }

  compute(id: string, values: Map<string, Record<string, Value>>): Record<string, Value> {
    const known = values.get(id);
    if (known) return known;
    if (id === "see") {
      const images = values.get("data")!.images as Tensor;
      const [rows, media, frames] = images.shape as [number, number, number];
      this.encoded.push([...images.dataSync()].filter((_, at) => at % (3 * frames) === 0));
      const features = reshape(slice(images, [0, 0, 0, 0, 0, 0], [rows, media, frames, 1, 1, 1]), [
        rows,
        media,
        frames,
      ]);
      values.set("see", { features });
      return { features };
    }
    return this.#say(values.get("data")!.ids as Tensor, values.get("see")!.features as Tensor);
  }

  call(_id: string, { ids, media }: Record<string, Value>): Record<string, Value> {
    return this.#say(ids as Tensor, media as Tensor | undefined);
  }

  #say(ids: Tensor, features?: Tensor) {
    const [rows, length] = ids.shape as [number, number];
    const [text, shown] = [[...ids.dataSync()], features ? [...features.dataSync()] : []];
    const perRow = shown.length / rows;
    const images = Array.from({ length: rows }, (_, row) => shown.slice(row * perRow, (row + 1) * perRow));
    this.read.push({ images, length });
    const scores = new Float32Array(rows * length * width);
    for (let at = 0; at < rows * length; at++) {
      const row = Math.floor(at / length);
      const before = text.slice(row * length, at + 1);
      const seen = before.filter((id) => id === tokens.image).length;
      const label = labels[images[row]![seen - 1] ?? -1];
      const start = Math.max(before.lastIndexOf(tokens.image), before.lastIndexOf(tokens.endOfChunk), 0);
      const chunk = before.slice(start + 1);
      for (let token = 0; token < width; token++) scores[at * width + token] = this.#opinion(label, chunk, token);
    }
    return { logits: tensor(scores, [rows, length, width]) };
  }
}

export function opinionModel(opinion: Opinion) {
  const graph = new OpinionGraph(opinion);
  return { graph, model: PromptModel.at(graph, { node: "say", port: "logits" }, () => words) };
}
