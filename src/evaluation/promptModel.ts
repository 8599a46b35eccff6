import type { Value } from "../core/call.ts";
import { FlamingoError } from "../core/errors.ts";
import type { Media } from "../data/media.ts";
import type { Probe } from "../engine/readings/eager.ts";
import type { Edits } from "../engine/readings/edited.ts";
import type { Weights } from "../engine/readings/weights.ts";
import { concat, slice, type Tensor, tensor, tidy } from "../engine/tensor.ts";
import type { Source } from "../graph/graph.ts";
import type { PlacedBlock } from "../inspection/placedBlocks.ts";
import { type Decoding, openDecoding, type TextModel } from "./decoding.ts";
import { type GenerateOptions, generate } from "./generate.ts";
import { type EncodedRows, type EncodedValues, MediaEncoder } from "./mediaEncoder.ts";
import type { Model } from "./model.ts";
import { PaddingTrial } from "./paddingTrial.ts";
import {
  type Prompt,
  type PromptTokenizer,
  type PromptTokens,
  padRows,
  promptTokens,
  type Text,
  textTokens,
} from "./prompt.ts";
import { logProbability, scoreTokens, type TextScore } from "./score.ts";

/** A text that a model generated. */
export interface GeneratedText {
  tokens: number[];
  text: string;
  /** Of a beam search: see `Generated`. */
  score?: number;
}

/** A prompt, and a text that may follow it. */
export interface Continued {
  prompt: Prompt;
  text: Text;
}

/** Positions (rows · length) that are read at once when texts are scored, and prompts that are continued at once. */
const positionsAtOnce = 2048;
const promptsAtOnce = 32;

/**
 * A model that reads images, videos and text: it continues prompts, and tells how likely texts are after them.
 *
 * Made of a graph: whatever lies between a source's `images` and `ids` and an output with logits. What does not depend on the
 * text is computed once for each image or video, and kept until `release`.
 *
 * @example
 * const model = new PromptModel(pipelineModel, { node: "language", port: "logits" }, "documents", tokenizer);
 * const [{ text }] = await model.generate([[cat, "a cat", dog]], { most: 8 });
 * const [{ sum }] = await model.logLikelihoods([{ prompt: [dog], text: "a dog" }]);
 */
export class PromptModel {
  readonly tokenizer: PromptTokenizer;
  /** Id of the source that its images and token ids come from. */
  readonly source: string;
  readonly #model: Model;
  readonly #logits: Source;
  /** Blocks that do not depend on the text. */
  readonly #encoded: readonly string[];
  readonly #encoder: MediaEncoder;
  readonly #padding: PaddingTrial;

  /**
   * @param logits the output that gives scores of the next token [batch, length, tokens]
   * @param source id of the source whose outputs `images` and `ids` stand for media and text
   */
  constructor(model: Model, logits: Source, source: string, tokenizer: PromptTokenizer) {
    this.tokenizer = tokenizer;
    this.#model = model;
    this.#logits = logits;
    this.source = source;
    const { encoded, read } = splitByText(model, logits.node, source);
    this.#encoded = encoded;
    this.#encoder = new MediaEncoder((images) => {
      const values = new Map<string, Record<string, Value>>([[source, { images }]]);
      for (const id of encoded) model.compute(id, values);
      const result: EncodedValues = new Map();
      for (const { node, port } of read)
        result.set(node, { ...result.get(node), [port]: values.get(node)![port] as Tensor });
      return result;
    });
    this.#padding = new PaddingTrial(
      (prompt, mask) => this.#read([prompt], { ...(mask && { mask }) }),
      tokenizer.special.pad,
    );
  }

  /**
   * The model behind an output with logits.
   * @param tokenizerOf the tokenizer of a source, by its id, where it gives texts
   * @throws FlamingoError INVALID_PIPELINE if the logits depend on no source of images and texts
   */
  static at(model: Model, logits: Source, tokenizerOf: (source: string) => PromptTokenizer | undefined): PromptModel {
    for (const { id, outputs } of model.sourcesOf(logits.node)) {
      const tokenizer = tokenizerOf(id);
      if (tokenizer && outputs.images && outputs.ids) return new PromptModel(model, logits, id, tokenizer);
    }
    const message = `the logits of "${model.node(logits.node).label}" depend on no source of images and texts`;
    const fix = "connect it to a source of images with texts, such as Emoji documents or an image folder";
    throw new FlamingoError("INVALID_PIPELINE", message, { block: logits.node, fix });
  }

  /** The same model on the same weights, in which some blocks give something else. */
  edited(edits: Edits): PromptModel {
    return new PromptModel(this.#model.edited(edits), this.#logits, this.source, this.tokenizer);
  }

  /** Side of the images that the model takes, where its source fixes one. */
  get imageSize(): number | undefined {
    const size = this.#model.node(this.source).outputs.images?.at(-2);
    return typeof size === "number" ? size : undefined;
  }

  get weights(): Weights {
    return this.#model.weights;
  }

  /** All blocks of its model, for probes. */
  get blocks(): readonly PlacedBlock[] {
    return this.#model.placedBlocks();
  }

  /** Whether there is a language model that reads text without media. */
  get readsTextAlone(): boolean {
    return this.#textInput() !== undefined;
  }

  /**
   * Continues prompts: greedily, by sampling, or by beam search, until `<|endofchunk|>` or `most` tokens. Tokens that only
   * frame a text are not generated: another `<image>` would ask for an image that is not there.
   *
   * Prompts with the same number of media are continued in one batch, the shorter ones padded at their start, where the model takes a
   * mask; else only those that have one length too.
   *
   * @see Alayrac et al. 2022, Flamingo, appendix C, arXiv:2204.14198
   */
  async generate(prompts: readonly Prompt[], options: GenerateOptions): Promise<GeneratedText[]> {
    const { pad, bos, image, endOfChunk } = this.tokenizer.special;
    const tokens = prompts.map((prompt) => promptTokens(prompt, this.tokenizer));
    const padded = (await this.#takesPadding(tokens, options.most)) ? { pad } : {};
    const generated = await generate(
      (rows) => this.#continue(rows.map((row) => tokens[row]!.media)),
      tokens.map(({ ids }) => ids),
      { end: endOfChunk, never: [pad, bos, image], atOnce: promptsAtOnce, ...padded, ...options },
      (prompt) => tokens[prompt]!.media.length,
    );
    return generated.map((each) => ({ ...each, text: this.tokenizer.decode(each.tokens) }));
  }

  /**
   * The log-likelihood of each text after its prompt, in nats. After a prompt without media, only tokens that the language model
   * was pretrained with compete.
   * @throws FlamingoError INVALID_PIPELINE for a prompt without media, where no language model reads text alone
   */
  async logLikelihoods(asked: readonly Continued[]): Promise<TextScore[]> {
    const rows = asked.map(({ prompt, text }) => {
      const { ids, media } = promptTokens(prompt, this.tokenizer);
      return { ids, media, text: textTokens(text, this.tokenizer) };
    });
    const scores = asked.map((): TextScore => ({ sum: 0, count: 0 }));
    for (const batch of batchesOf(rows)) {
      const chosen = batch.map((index) => rows[index]!);
      const { sums, counts } = await this.#score(chosen);
      for (const [at, index] of batch.entries()) scores[index] = { sum: sums[at]!, count: counts[at]! };
    }
    return scores;
  }

  /** log p of each token of a text after a prompt, in nats: what `logLikelihoods` sums. */
  async tokenLogLikelihoods({ prompt, text }: Continued): Promise<number[]> {
    const { ids, media } = promptTokens(prompt, this.tokenizer);
    const tokens = textTokens(text, this.tokenizer);
    const logits = await this.#read([{ ids: [...ids, ...tokens], media }]);
    const width = logits.shape[2]!;
    const numbers = (await logits.data()) as Float32Array;
    logits.dispose();
    const competing = this.competing(media.length > 0, width);
    return tokens.map((token, at) => logProbability(numbers, (ids.length - 1 + at) * width, token, competing));
  }

  /** How many tokens compete for the next place: without media, only those that the language model was pretrained with. */
  competing(hasMedia: boolean, tokens: number): number {
    return hasMedia ? tokens : this.tokenizer.pretrained;
  }

  /**
   * The log-likelihood of each candidate after its prompt, in nats. Candidates of one token each are read off one pass over their prompt.
   * @throws FlamingoError INVALID_PIPELINE as `logLikelihoods`
   */
  async candidateScores(
    asked: readonly { prompt: Prompt; candidates: readonly Text[] }[],
  ): Promise<(readonly TextScore[])[]> {
    const texts = asked.map(({ candidates }) => candidates.map((text) => textTokens(text, this.tokenizer)));
    const single = texts.every((each) => each.length > 0 && each.every((tokens) => tokens.length === 1));
    if (!single) {
      const all = asked.flatMap(({ prompt }, at) => texts[at]!.map((text) => ({ prompt, text })));
      const scores = (await this.logLikelihoods(all)).values();
      return texts.map((each) => each.map(() => scores.next().value!));
    }
    const rows = asked.map(({ prompt }) => ({ ...promptTokens(prompt, this.tokenizer), text: [0] }));
    const result: TextScore[][] = asked.map(() => []);
    for (const batch of batchesOf(rows)) {
      const scores = await this.#scoreNext(
        batch.map((index) => rows[index]!),
        batch.map((index) => texts[index]!.map(([token]) => token!)),
      );
      for (const [at, index] of batch.entries()) result[index] = scores[at]!.map((sum) => ({ sum, count: 1 }));
    }
    return result;
  }

  /**
   * Logits [prompts, length, tokens] at each token of prompts with the same number of media. Shorter prompts are padded at
   * their end.
   * @param closed ends the last chunk of each prompt
   * @param probes see what happens inside while the text is read
   */
  async logits(
    prompts: readonly Prompt[],
    { closed = false, probes = [] }: { closed?: boolean; probes?: readonly Probe[] } = {},
  ): Promise<Tensor> {
    const rows = prompts.map((prompt) => promptTokens(prompt, this.tokenizer, closed));
    return this.#read(rows, { probes });
  }

  /** Encodes media ahead, in one go. @param probes see what happens inside; media that were encoded before show nothing */
  encode(media: readonly Media[], probes: readonly Probe[] = []): void {
    this.#model.watched(probes, () => this.#encoder.encodeAll(media));
  }

  /** Forgets the media that it encoded: after weights changed, or to give the memory back. */
  release(): void {
    this.#encoder.dispose();
  }

  async #score(rows: readonly (PromptTokens & { text: readonly number[] })[]) {
    const whole = rows.map(({ ids, media, text }) => ({ ids: [...ids, ...text], media }));
    const first = Math.min(...rows.map(({ ids }) => ids.length)) - 1;
    const last = Math.max(...whole.map(({ ids }) => ids.length));
    const logits = await this.#read(whole);
    const [count, , tokens] = logits.shape as [number, number, number];
    const scored = tidy(() => slice(logits, [0, first, 0], [count, last - first, tokens]));
    logits.dispose();
    const numbers = (await scored.data()) as Float32Array;
    scored.dispose();
    const targets = new Int32Array(count * (last - first)).fill(-100);
    rows.forEach(({ ids, text }, row) => {
      targets.set(text, row * (last - first) + ids.length - 1 - first);
    });
    const competing = this.competing(rows[0]!.media.length > 0, tokens);
    return scoreTokens(numbers, [count, last - first, tokens], targets, competing);
  }

  /** Log-probabilities of some tokens as the next after each row. */
  async #scoreNext(rows: readonly PromptTokens[], tokens: readonly (readonly number[])[]): Promise<number[][]> {
    const logits = await this.#read(rows);
    const width = logits.shape[2]!;
    const last = tidy(() =>
      concat(
        rows.map(({ ids }, row) => slice(logits, [row, ids.length - 1, 0], [1, 1, width])),
        0,
      ),
    );
    logits.dispose();
    const numbers = (await last.data()) as Float32Array;
    last.dispose();
    const competing = this.competing(rows[0]!.media.length > 0, width);
    return rows.map((_, row) => tokens[row]!.map((token) => logProbability(numbers, row * width, token, competing)));
  }

  /** Whether prompts of different lengths can be continued in one batch: the model takes a mask, and padding changes nothing. */
  async #takesPadding(prompts: readonly PromptTokens[], most: number): Promise<boolean> {
    const lengths = new Map<number, Set<number>>();
    for (const { ids, media } of prompts)
      lengths.set(media.length, (lengths.get(media.length) ?? new Set()).add(ids.length));
    const differ = [...lengths.values()].some((each) => each.size > 1);
    return differ && this.#takesMask() && this.#padding.isHarmless(prompts, most);
  }

  /** Whether the node with logits takes a mask, and is the only one that reads the text. */
  #takesMask(): boolean {
    const { node } = this.#logits;
    const inputs = Object.entries(this.#model.inputsOf(node));
    return (
      this.#model.isOptional(node, "mask") &&
      inputs.every(
        ([port, from]) => port !== "mask" && (from.node === this.source || this.#encoded.includes(from.node)),
      )
    );
  }

  async #read(
    rows: readonly PromptTokens[],
    { mask, probes = [] }: { mask?: Int32Array; probes?: readonly Probe[] } = {},
  ): Promise<Tensor> {
    const ids = padRows(
      rows.map((row) => row.ids),
      this.tokenizer.special.pad,
      "end",
    );
    const shape: [number, number] = [rows.length, ids.length / rows.length];
    const encoded = await this.#encode(rows.map(({ media }) => media));
    try {
      return this.#model.watched(probes, () =>
        tidy(() =>
          this.#textModel(this.#model, encoded)(tensor(ids, shape, "int32"), mask && tensor(mask, shape, "int32")),
        ),
      );
    } finally {
      encoded?.dispose();
    }
  }

  async #continue(media: readonly (readonly Media[])[]): Promise<Decoding> {
    const encoded = await this.#encode(media);
    const texts = openDecoding(media.length, this.#model.weights, (readingOf) =>
      this.#textModel(this.#model.under(readingOf), encoded),
    );
    const dispose = () => {
      texts.dispose();
      encoded?.dispose();
    };
    return {
      get uncachedBecause() {
        return texts.uncachedBecause;
      },
      read: (ids, mask) => texts.read(ids, mask),
      select: (rows) => texts.select(rows),
      dispose,
    };
  }

  async #encode(media: readonly (readonly Media[])[]): Promise<EncodedRows | undefined> {
    return media[0]!.length === 0 ? undefined : this.#encoder.rows(media);
  }

  /** The text's side of the model, with media that were encoded, or the language model alone. */
  #textModel(model: Model, encoded: EncodedRows | undefined): TextModel {
    const { node, port } = this.#logits;
    const call = (inputs: Record<string, Value>, mask: Value | undefined) =>
      model.call(node, { ...inputs, ...(mask && { mask }) })[port] as Tensor;
    if (encoded) {
      const { values } = encoded;
      return (ids, mask) => {
        // What was encoded is not computed again, whether or not the text's side reads it.
        const given = new Map<string, Record<string, Value>>(this.#encoded.map((id) => [id, {}]));
        for (const [id, ports] of values) given.set(id, ports);
        given.set(this.source, { ...values.get(this.source), ids });
        const inputs = Object.entries(model.inputsOf(node)).map(
          ([input, from]) => [input, model.compute(from.node, given)[from.port]!] as const,
        );
        return call(Object.fromEntries(inputs), mask);
      };
    }
    const input = this.#textInput();
    if (input === undefined) {
      const message = `"${model.node(node).label}" is no language model that reads text alone`;
      throw new FlamingoError("INVALID_PIPELINE", message, { block: node, fix: "give an image" });
    }
    return (ids, mask) => call({ [input]: ids }, mask);
  }

  /** The input of the node with logits that takes token ids, if it can do without its other inputs: they bring the media. */
  #textInput(): string | undefined {
    const { node } = this.#logits;
    const wired = Object.entries(this.#model.inputsOf(node));
    const text = wired.find(([, from]) => from.node === this.source && from.port === "ids");
    const others = wired.filter((each) => each !== text);
    const isFree = others.length > 0 && others.every(([port]) => this.#model.isOptional(node, port));
    return isFree ? text?.[0] : undefined;
  }
}

/**
 * Divides the blocks up to a node: those that depend on a source's images and on nothing else of it are encoded ahead.
 * @returns `encoded`, in the order in which they are computed, and the outputs of theirs that other blocks read
 */
function splitByText(model: Model, node: string, source: string): { encoded: string[]; read: Source[] } {
  const reads = (id: string, wanted: (port: string) => boolean): boolean =>
    Object.values(model.inputsOf(id)).some((from) =>
      from.node === source ? wanted(from.port) : reads(from.node, wanted),
    );
  const isImage = (port: string) => port === "images";
  const blocks = model.blocksUpTo(node);
  const encoded = blocks.filter((id) => reads(id, isImage) && !reads(id, (port) => !isImage(port)));
  const others = blocks.filter((id) => !encoded.includes(id));
  const read = new Map<string, Source>();
  for (const id of others)
    for (const from of Object.values(model.inputsOf(id)))
      if (encoded.includes(from.node) || (from.node === source && isImage(from.port)))
        read.set(`${from.node} ${from.port}`, from);
  return { encoded, read: [...read.values()] };
}

/** Rows that are read together, in their order: the same number of media, and not too many positions. */
function batchesOf(rows: readonly { ids: readonly number[]; media: readonly Media[]; text: readonly number[] }[]) {
  const open = new Map<number, { indices: number[]; length: number }>();
  const batches: number[][] = [];
  rows.forEach(({ ids, media, text }, index) => {
    const batch = open.get(media.length);
    const length = Math.max(batch?.length ?? 0, ids.length + text.length);
    if (batch && (batch.indices.length + 1) * length <= positionsAtOnce) {
      batch.indices.push(index);
      batch.length = length;
      return;
    }
    const indices = [index];
    batches.push(indices);
    open.set(media.length, { indices, length: ids.length + text.length });
  });
  return batches;
}
