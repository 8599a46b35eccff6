import { readFileSync } from "node:fs";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { z } from "zod";
import { FlamingoError } from "../core/errors.ts";
import { parseOutsideJson } from "../core/jsonText.ts";
import type { SpecialTokens } from "./tokenizer.ts";

/** As far as it is read here; the rest is the library's. */
const schema = z.looseObject({
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.union([z.record(z.string(), z.int()), z.array(z.any())]),
  }),
  added_tokens: z
    .array(z.looseObject({ id: z.int().nonnegative(), content: z.string(), special: z.boolean() }))
    .default([]),
});

type Content = z.output<typeof schema>;

/** The ids of a language model that its tokenizer.json does not tell, as its config.json does. */
export interface ModelTokens {
  bos_token_id?: number | null | undefined;
  eos_token_id?: number | null | undefined;
  pad_token_id?: number | null | undefined;
}

/**
 * A tokenizer of another library, as its tokenizer.json says: BPE, WordPiece or Unigram. `<image>`, `<|endofchunk|>` and a token for padding
 * are added after all others where it has none, as OpenFlamingo adds them.
 */
export class FileTokenizer {
  /** Tokens that the file has: those that Flamingo adds have the ids from here on. */
  readonly pretrained: number;
  readonly special: SpecialTokens;
  readonly #library: Library;

  /**
   * @param file the content of tokenizer.json, as JSON
   * @throws FlamingoError INVALID_DATA if it is no tokenizer
   */
  constructor(
    file: unknown,
    source = "tokenizer.json",
    { bos_token_id: bos, eos_token_id: eos, pad_token_id: pad }: ModelTokens = {},
  ) {
    const { model, added_tokens: known, ...others } = parsed(file, source);
    this.pretrained = sizeOf(model, known);
    const added = newTokens
      .slice(0, pad === undefined || pad === null ? 3 : 2)
      .filter((content) => !known.some((token) => token.content === content))
      .map((content, at) => ({ ...plain, id: this.pretrained + at, content }));
    const all = [...known, ...added];
    try {
      this.#library = new Library({ ...others, model, added_tokens: all }, {});
    } catch (error) {
      throw noTokenizer(source, (error as Error).message);
    }
    const idOf = (content: string) => all.find((token) => token.content === content)?.id;
    const end = eos ?? idOf("<|endoftext|>") ?? idOf("</s>") ?? 0;
    this.special = {
      pad: pad ?? idOf("<PAD>")!,
      bos: bos ?? idOf("<s>") ?? end,
      eos: end,
      unk: idOf("<unk>") ?? end,
      image: idOf("<image>")!,
      endOfChunk: idOf("<|endofchunk|>")!,
    };
  }

  /** Ids of a text; a special token in it has its id. @param framed with what the tokenizer puts around a text, such as `<s>` */
  encode(text: string, framed = false): number[] {
    return this.#library.encode(text, { add_special_tokens: framed }).ids;
  }

  /** The text of ids. @param special whether special tokens are part of it */
  decode(ids: Iterable<number>, special = false): string {
    const all = [...ids];
    if (all.length === 0) return "";
    return this.#library.decode(all, { skip_special_tokens: !special, clean_up_tokenization_spaces: false });
  }

  /** One token as it is shown. */
  word(id: number): string {
    return this.#library.id_to_token(id) ?? `<${id}>`;
  }
}

/**
 * The content of a tokenizer.json with the tokens of a model's new rows, in the order in which OpenFlamingo adds them: `<|endofchunk|>`,
 * `<image>`, `<PAD>`. One that it has already stays where it is.
 * @param first the id of the first new row
 */
export function withNewTokens(file: unknown, first: number, count: number): unknown {
  const read = schema.safeParse(file);
  if (!read.success) return file;
  const { model, added_tokens: tokens } = read.data;
  const known = new Set(tokens.map(({ content }) => content));
  const added = newTokens
    .slice(0, count)
    .map((content, at) => ({ id: first + at, content }))
    .filter(({ content }) => !known.has(content));
  const size = sizeOf(model, tokens);
  // The library gives a token the next id, whatever the file says: rows that pad the embedding need tokens too.
  const padding = Array.from({ length: Math.max(0, first - size) }, (_, at) => size + at).map((id) => ({
    id,
    content: `<|unused-${id}|>`,
  }));
  const all = [...padding, ...added].map((token) => ({ ...token, ...plain }));
  return { ...read.data, added_tokens: [...tokens, ...all] };
}

/** How many ids a tokenizer has, up to its largest. */
function sizeOf({ vocab }: Content["model"], added: Content["added_tokens"]): number {
  const ids = Array.isArray(vocab) ? vocab.map((_, id) => id) : Object.values(vocab);
  return [...ids, ...added.map(({ id }) => id)].reduce((most, id) => Math.max(most, id), -1) + 1;
}

/** What OpenFlamingo adds to a language model's tokens. */
const newTokens = ["<|endofchunk|>", "<image>", "<PAD>"] as const;

/** How a token is added: it is found wherever it stands, with nothing around it changed. */
const plain = { special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };

/**
 * Opens a tokenizer.json.
 * @throws FlamingoError INVALID_DATA if there is no such file or it is no tokenizer
 */
export async function loadTokenizer(path: string, tokens: ModelTokens = {}): Promise<FileTokenizer> {
  return new FileTokenizer(readTokenizerFile(path), path, tokens);
}

/**
 * Reads a tokenizer.json, as far as it is read here.
 * @throws FlamingoError INVALID_DATA if there is no such file or it is no tokenizer
 */
export function readTokenizerFile(path: string): Content {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw noTokenizer(path, code === "ENOENT" ? "there is no such file" : message);
  }
  return parsed(
    parseOutsideJson(text, (finding) => noTokenizer(path, `it ${finding}`)),
    path,
  );
}

function parsed(file: unknown, source: string): Content {
  const read = schema.safeParse(file);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  throw noTokenizer(source, `${path.join(".")}: ${message}`);
}

function noTokenizer(source: string, reason: string): FlamingoError {
  return new FlamingoError("INVALID_DATA", `${source} is no tokenizer: ${reason}`, {
    source,
    fix: "use the tokenizer.json that belongs to the model",
  });
}
