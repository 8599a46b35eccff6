import { FlamingoError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import { add } from "../engine/ops/elementwise.ts";
import { readLargest } from "../engine/read.ts";
import { dispose, keep, logSoftmax, reshape, type Tensor, tensor, tidy } from "../engine/tensor.ts";
import { BeamSearch } from "./beamSearch.ts";
import type { Decoding } from "./decoding.ts";
import { checkSampling, draw, type Sampling } from "./sampling.ts";

export interface GenerateOptions {
  /** Tokens at which a text is cut off. */
  most: number;
  /** The token that ends a text, or several of which each does; it is not part of what is returned. */
  end?: number | readonly number[];
  /** Tokens that are never generated. */
  never?: Iterable<number>;
  /** Samples each token instead of taking the likeliest. */
  sampling?: Sampling;
  /** Beams: texts that are continued side by side, to find one that is likelier as a whole; 1 by default. */
  beams?: number;
  /** Divides a text's log-probability by its length to this power: above 0 favours long texts. 0 by default. */
  lengthPenalty?: number;
  /** Prompts that are continued at once; all of one length by default. */
  atOnce?: number;
  /**
   * Prompts of different lengths are continued in one batch, filled with this token at their start: for a model that takes a mask.
   * Otherwise only those of one length are.
   */
  pad?: number;
}

/** What was generated after a prompt. */
export interface Generated {
  tokens: number[];
  /** By beam search: the log-probability of the tokens, the end included, divided by their number to `lengthPenalty`. */
  score?: number;
}

/**
 * Continues each prompt: greedily, by sampling, or by beam search.
 *
 * @param open opens texts to continue: row r continues prompt `rows[r]`
 * @param kindOf prompts of different kinds are not continued in one batch
 * @returns what follows each prompt
 * @throws FlamingoError USAGE for options that contradict each other or an empty prompt
 */
export async function generate(
  open: (rows: readonly number[]) => Decoding | Promise<Decoding>,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions,
  kindOf: (prompt: number) => unknown = () => undefined,
): Promise<Generated[]> {
  check(prompts, options);
  const generated = prompts.map((): Generated => ({ tokens: [] }));
  for (const group of groupsOf(prompts, kindOf, options.pad !== undefined)) {
    const { atOnce = group.length } = options;
    for (let start = 0; start < group.length; start += atOnce) {
      const part = group.slice(start, start + atOnce);
      const texts = await continueGroup(open, prompts, part, options);
      for (const [at, index] of part.entries()) generated[index] = texts[at]!;
    }
  }
  return generated;
}

/** Prompts that go into one batch: of one kind, and of one length unless they are padded. */
function groupsOf(
  prompts: readonly ArrayLike<number>[],
  kindOf: (prompt: number) => unknown,
  isPadded: boolean,
): number[][] {
  const groups = new Map<string, number[]>();
  prompts.forEach((prompt, index) => {
    const key = `${isPadded ? "" : prompt.length} ${kindOf(index)}`;
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  });
  return [...groups.values()];
}

function check(prompts: readonly ArrayLike<number>[], options: GenerateOptions): void {
  const { most, sampling, beams = 1, atOnce = 1 } = options;
  const refuse = (message: string, fix: string) => new FlamingoError("USAGE", message, { fix });
  if (!(Number.isInteger(most) && most >= 0)) throw refuse(`most is ${most}, expected a count of tokens`, "set it");
  if (!(Number.isInteger(beams) && beams >= 1))
    throw refuse(`beams is ${beams}, expected a whole number of at least 1`, "leave it out");
  if (!(Number.isInteger(atOnce) && atOnce >= 1))
    throw refuse(`atOnce is ${atOnce}, expected a whole number of at least 1`, "leave it out");
  if (sampling && beams > 1) throw refuse("a beam search draws nothing", "leave out sampling or beams");
  if (prompts.some((prompt) => prompt.length === 0)) throw refuse("a prompt is empty", "begin it with <bos>");
  if (sampling) checkSampling(sampling);
}

async function continueGroup(
  open: (rows: readonly number[]) => Decoding | Promise<Decoding>,
  prompts: readonly ArrayLike<number>[],
  group: readonly number[],
  options: GenerateOptions,
): Promise<Generated[]> {
  const { beams = 1, never = [] } = options;
  const rows = group.flatMap((index) => new Array<number>(beams).fill(index));
  const texts = await open(rows);
  const bans = new Bans(never);
  const first = firstRead(
    rows.map((index) => prompts[index]!),
    options.pad,
  );
  try {
    return beams === 1
      ? await continueRows(texts, first, group, bans, options)
      : await searchBeams(texts, first, bans, options, group.length);
  } finally {
    texts.dispose();
    bans.dispose();
  }
}

/** What is read at a step: token ids row by row, and in a padded batch where they count. */
interface Read {
  ids: Int32Array;
  mask?: Int32Array;
}

/** Prompts row by row, filled at their start where they are shorter than others. */
function firstRead(prompts: readonly ArrayLike<number>[], pad = 0): Read {
  const length = Math.max(...prompts.map((prompt) => prompt.length));
  const ids = new Int32Array(prompts.length * length).fill(pad);
  const mask = new Int32Array(ids.length);
  prompts.forEach((prompt, row) => {
    const start = (row + 1) * length - prompt.length;
    ids.set(prompt, start);
    mask.fill(1, start, (row + 1) * length);
  });
  return mask.includes(0) ? { ids, mask } : { ids };
}

/**
 * The next tokens, one a row. In a padded batch rows that have ended read padding, so that they count no further positions: those of a
 * long prompt may be used up while a shorter one goes on.
 */
function nextRead({ mask }: Read, tokens: readonly number[], isOpen: (row: number) => boolean): Read {
  const ids = Int32Array.from(tokens);
  return mask ? { ids, mask: Int32Array.from(tokens, (_, row) => (isOpen(row) ? 1 : 0)) } : { ids };
}

/** One text a row: the likeliest token at each step, or a sampled one. */
async function continueRows(
  texts: Decoding,
  first: Read,
  group: readonly number[],
  bans: Bans,
  { most, end, sampling }: GenerateOptions,
): Promise<Generated[]> {
  const generated = group.map((): Generated => ({ tokens: [] }));
  const ends = [end ?? []].flat();
  const ended = group.map(() => false);
  // Each prompt has a random stream of its own, so that its text does not depend on the others of its batch.
  const streams = sampling && group.map((index) => new Random(sampling.seed).fork(index));
  let read = first;
  for (let step = 0; step < most && ended.includes(false); step++) {
    const logits = texts.read(read.ids, read.mask);
    const next = await chooseTokens(logits, bans, sampling, streams);
    for (const [row, token] of next.entries()) {
      ended[row] ||= ends.includes(token);
      if (!ended[row]) generated[row]!.tokens.push(token);
    }
    const tokens = Array.from(next, (token, row) => (ended[row] ? ends[0]! : token)); // what an ended text reads does not matter
    read = nextRead(read, tokens, (row) => !ended[row]);
  }
  return generated;
}

/** The next token of each row; disposes the logits. */
async function chooseTokens(
  logits: Tensor,
  bans: Bans,
  sampling: Sampling | undefined,
  streams: readonly Random[] | undefined,
): Promise<Int32Array> {
  const allowed = bans.apply(logits);
  const [rows, tokens] = logits.shape as [number, number];
  const k = sampling ? Math.min(sampling.topK ?? tokens, tokens) : 1;
  const { values, columns } = await readLargest(allowed, k);
  if (allowed !== logits) allowed.dispose();
  logits.dispose();
  if (!sampling) return columns;
  return Int32Array.from({ length: rows }, (_, row) => {
    const rank = draw(values.subarray(row * k, (row + 1) * k), sampling, streams![row]!);
    return columns[row * k + rank]!;
  });
}

/** Beams of each prompt side by side. */
async function searchBeams(
  texts: Decoding,
  first: Read,
  bans: Bans,
  { most, end, beams = 1, lengthPenalty = 0 }: GenerateOptions,
  count: number,
): Promise<Generated[]> {
  const ends = [end ?? []].flat();
  const searches = Array.from({ length: count }, () => new BeamSearch(beams, lengthPenalty, ends));
  // A search that is done stays as it is; what its rows read does not matter.
  const rest = {
    from: Array.from({ length: beams }, (_, beam) => beam),
    tokens: new Array<number>(beams).fill(ends[0] ?? 0),
  };
  let read = first;
  for (let step = 0; step < most && searches.some(({ done }) => !done); step++) {
    const best = await bestContinuations(
      texts.read(read.ids, read.mask),
      searches,
      bans,
      beams,
      beams * Math.max(2, 1 + ends.length),
    );
    const steps = searches.map((each, at) => (each.done ? rest : each.advance(best[at]!)));
    texts.select(steps.flatMap(({ from }, at) => from.map((beam) => at * beams + beam)));
    const tokens = steps.flatMap((each) => each.tokens);
    read = nextRead(read, tokens, (row) => !searches[Math.floor(row / beams)]!.done);
  }
  return searches.map((each) => each.best());
}

/** The best continuations, so many for each search; disposes the logits. */
async function bestContinuations(
  logits: Tensor,
  searches: readonly BeamSearch[],
  bans: Bans,
  beams: number,
  most: number,
): Promise<{ beam: number; token: number; score: number }[][]> {
  const [rows, tokens] = logits.shape as [number, number];
  const all = tidy(() => {
    const before = tensor(Float32Array.from(searches.flatMap(({ scores }) => scores)), [rows, 1]);
    return reshape(add(bans.apply(logSoftmax(logits)), before), [searches.length, beams * tokens]);
  });
  const k = Math.min(most, beams * tokens);
  const { values, columns } = await readLargest(all, k);
  dispose([logits, all]);
  return searches.map((_, at) =>
    Array.from({ length: k }, (_, rank) => {
      const index = columns[at * k + rank]!;
      return { beam: Math.floor(index / tokens), token: index % tokens, score: values[at * k + rank]! };
    }),
  );
}

/** Tokens that are never generated: their scores are put below all others. */
class Bans {
  readonly #never: readonly number[];
  #bias: Tensor | undefined;

  constructor(never: Iterable<number>) {
    this.#never = [...never];
  }

  /** Scores [rows, tokens] with those of banned tokens lowered; the same tensor if nothing is banned. */
  apply(scores: Tensor): Tensor {
    if (this.#never.length === 0) return scores;
    this.#bias ??= keep(this.#make(scores.shape[1]!));
    return add(scores, this.#bias);
  }

  dispose(): void {
    this.#bias?.dispose();
  }

  #make(tokens: number): Tensor {
    const bias = new Float32Array(tokens);
    for (const id of this.#never) bias[id] = -1e30;
    return tensor(bias, [tokens]);
  }
}
