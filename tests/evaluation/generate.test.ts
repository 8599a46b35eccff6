import { beforeAll, describe, expect, test } from "vitest";
import { Logits } from "../../src/blocks/logits.ts";
import { SelfAttention } from "../../src/blocks/selfAttention.ts";
import { TokenEmbedding } from "../../src/blocks/tokenEmbedding.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { Random } from "../../src/core/random.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { add } from "../../src/engine/ops/elementwise.ts";
import { readLargest } from "../../src/engine/read.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { gather, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { BeamSearch } from "../../src/evaluation/beamSearch.ts";
import { type Decoding, openDecoding, UncachedDecoding } from "../../src/evaluation/decoding.ts";
import { type GenerateOptions, generate as generateScored } from "../../src/evaluation/generate.ts";
import { draw } from "../../src/evaluation/sampling.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { LiveBlock } from "../blocks/liveBlock.ts";
import { describeDevices } from "../devices.ts";
import { numbers, tensorOf } from "../engine/numbers.ts";
import { type LanguageChange, languageConfig } from "../models/languageConfig.ts";

/** The tokens alone. */
async function generate(...given: Parameters<typeof generateScored>): Promise<number[][]> {
  return (await generateScored(...given)).map((each) => each.tokens);
}

const [tag, stop] = [13, 14];
const prompts = [
  [1, tag, 4, tag, 5],
  [1, tag, 6, 7, 8],
  [1, 9, tag, 2, tag],
];
const asked: GenerateOptions = { most: 7, end: stop, never: [0, 1, tag] };

/** Row r goes on with the images of prompt `rows[r]`. */
function openModel(
  weights: Weights,
  media: Tensor,
  rows: readonly number[],
  whole: boolean,
  change: LanguageChange = {},
): Decoding {
  const seen = tidy(() => gather(media, tensor(Int32Array.from(rows), [rows.length], "int32")));
  const texts = openDecoding(
    rows.length,
    weights,
    (readingOf) => {
      const model = instantiate(FlamingoLanguageModel, languageConfig(change), readingOf());
      return (ids) => model({ ids, media: seen }) as Tensor;
    },
    whole,
  );
  const dispose = () => {
    texts.dispose();
    seen.dispose();
  };
  return {
    get uncachedBecause() {
      return texts.uncachedBecause;
    },
    read: (ids) => texts.read(ids),
    select: (from) => texts.select(from),
    dispose,
  };
}

const ways: [string, GenerateOptions, LanguageChange?][] = [
  ["greedily", asked],
  ["drawn", { ...asked, sampling: { seed: 3, topK: 5, topP: 0.9 } }],
  [
    "by beams, with layers as in LLaMA",
    { ...asked, beams: 2 },
    { attention: { type: "RotaryAttention" }, norm: "RmsNorm", feedForward: "SwiGluFeedForward" },
  ],
  ["by beams", { ...asked, beams: 3, lengthPenalty: 1 }],
];

describeDevices("generation with kept keys and values", (device) => {
  // An emulated GPU compiles for seconds: there one way, which does all that the others do, must be enough.
  const few: typeof ways =
    device === "webgpu" ? ways.slice(-1).map(([name, way]) => [name, { ...way, most: 3 }]) : ways;
  test.each(few)(
    "says what reading the whole text each time says, and leaves no tensor: %s",
    async (_, options, change) => {
      const before = countTensors();
      const model = new LiveBlock(FlamingoLanguageModel, { config: languageConfig(change) });
      const { weights } = model.shake(5).openGates();
      const media = tensorOf(numbers([3, 2, 3, 6], 5, 2));
      const open = (whole: boolean) => (rows: readonly number[]) => openModel(weights, media, rows, whole, change);
      const said = await generate(open(false), prompts, options);
      expect(said).toEqual(await generate(open(true), prompts, options));
      expect(new Set(said.map(String)).size).toBeGreaterThan(1);
      media.dispose();
      weights.dispose();
      expect(countTensors()).toBe(before);
    },
  );

  test("finds the largest numbers where they are, from the largest down", async () => {
    const { values } = numbers([3, 50], 8);
    const x = tensor(values, [3, 50]);
    for (const k of [1, 4]) {
      const found = await readLargest(x, k);
      const expected = [0, 1, 2].flatMap((row) => {
        const order = Array.from({ length: 50 }, (_, at) => at);
        return order.sort((a, b) => values[row * 50 + b]! - values[row * 50 + a]!).slice(0, k);
      });
      expect([...found.columns]).toEqual(expected);
      expect(found.values).toBeAllclose(expected.map((column, at) => values[Math.floor(at / k) * 50 + column]!));
    }
    x.dispose();
  });

  if (device !== "wasm") return;

  test("falls back to whole texts, and says why, where a block cannot go on", async () => {
    const both = { dim: 8, heads: 2, headDim: 4 };
    const weights = new Weights(1);
    const texts = openDecoding(1, weights, (readingOf) => {
      const embed = instantiate(TokenEmbedding, { vocabulary: 13, dim: 8 }, readingOf("embed"));
      const attend = instantiate(SelfAttention, both, readingOf("attend"));
      const score = instantiate(Logits, {}, readingOf("score"));
      return (ids) => {
        const { hidden, table } = embed({ ids });
        return score({ hidden: attend({ x: hidden }), table }) as Tensor;
      };
    });
    const first = texts.read(Int32Array.of(1, 2, 3));
    expect(texts.uncachedBecause).toMatch(/"attend.attend" cannot continue .*: each position attends to later ones/);
    const [second, again] = [texts.read(Int32Array.of(4)), texts.read(Int32Array.of(4))];
    expect([...(await first.data())]).not.toEqual([...(await second.data())]);
    expect([...(await second.data())]).not.toEqual([...(await again.data())]); // it saw one place more
    for (const each of [first, second, again]) each.dispose();
    texts.dispose();
    weights.dispose();
  });

  test("looks at the newest image of a text with several", async () => {
    const { weights } = new LiveBlock(FlamingoLanguageModel, { config: languageConfig() }).shake(5).openGates();
    const [first, second] = [numbers([1, 1, 3, 6], 5), numbers([1, 1, 3, 6], 6)];
    const read = async (media: Tensor, pieces: number[][]) => {
      const texts = openModel(weights, media, [0], false);
      const logits = pieces.map((piece) => texts.read(Int32Array.from(piece)));
      const found = await Promise.all(logits.map((each) => each.data()));
      texts.dispose();
      return found;
    };
    const both = (values: Float32Array) => tensor(Float32Array.of(...first.values, ...values), [1, 2, 3, 6]);
    const pieces = [[1, tag, 4], [5], [tag], [6]];
    const [one, other] = [await read(both(second.values), pieces), await read(both(first.values), pieces)];
    expect(one.slice(0, 2)).toEqual(other.slice(0, 2)); // the second image is not there yet
    for (const place of [2, 3]) expect(one[place]).not.toBeAllclose(other[place]!, { absolute: 1e-3 });
    weights.dispose();
  });

  test("a prompt that has ended uses up no more positions of a learnt table, so that a shorter one goes on", async () => {
    const positions = { type: "TextPositions", config: { maxLength: 8 } };
    const config = { ...languageConfig(), placement: "none" as const, positions };
    const { weights } = new LiveBlock(FlamingoLanguageModel, { config }).shake(5);
    const mixed = [
      [1, 4],
      [1, 4, 5, 6, 7, 8, 9],
    ];
    for (const whole of [false, true]) {
      const open = (rows: readonly number[]): Decoding => {
        const texts = openDecoding(
          rows.length,
          weights,
          (readingOf) => {
            const model = instantiate(FlamingoLanguageModel, config, readingOf());
            return (ids, mask) => model({ ids, mask }) as Tensor;
          },
          whole,
        );
        // The long prompt ends at once, the short one never.
        const raised = rows.flatMap((row) =>
          Array.from({ length: 15 }, (_, id) => (id === stop ? (row === 1 ? 1e6 : -1e6) : 0)),
        );
        const ending = tensor(Float32Array.from(raised), [rows.length, 15]);
        return {
          uncachedBecause: undefined,
          read: (ids, mask) => tidy(() => add(texts.read(ids, mask), ending)),
          select: (from) => texts.select(from),
          dispose: () => {
            texts.dispose();
            ending.dispose();
          },
        };
      };
      const options = { most: 6, end: stop, never: [0] };
      const [[alone], together] = [
        await generate(open, [mixed[0]!], options),
        await generate(open, mixed, { ...options, pad: 0 }),
      ];
      expect(alone!.length).toBe(6);
      expect(together).toEqual([alone, []]);
      await expect(generate(open, mixed.slice(1), { most: 6, never: [0] })).rejects.toMatchObject({
        code: "SHAPE_MISMATCH",
        message: "the text has 9 positions, but embeddings for 8",
      });
    }
    weights.dispose();
  });
});

const tokens = 4; // 0 to 2 are words, 3 is the end
const over = 3;

/** A language made up of numbers: each text has scores of its own for what comes next. */
function madeUp(seed: number) {
  const scores = (text: readonly number[]) => {
    const random = new Random(seed).fork(text.join());
    return Array.from({ length: tokens }, () => 2 * random.normal());
  };
  const logProbabilities = (text: readonly number[]) => {
    const logits = scores(text);
    const total = Math.log(logits.reduce((sum, each) => sum + Math.exp(each), 0));
    return logits.map((each) => each - total);
  };
  let reads = 0;
  const open = (rows: readonly number[]) =>
    new UncachedDecoding(rows.length, (ids) => {
      reads++;
      const [count, length] = ids.shape as [number, number];
      const all = [...ids.dataSync()];
      const logits = Array.from({ length: count * length }, (_, at) => {
        const row = Math.floor(at / length);
        return scores(all.slice(row * length, at + 1));
      });
      return tensor(Float32Array.from(logits.flat()), [count, length, tokens]);
    });
  return { open, logProbabilities, reads: () => reads };
}

/** Of all texts that can follow, the one with the best log-probability / length^penalty. */
function bestOf(language: ReturnType<typeof madeUp>, prompt: number[], most: number, penalty: number): number[] {
  let best: { said: number[]; score: number } | undefined;
  const offer = (said: number[], sum: number, length: number) => {
    const score = sum / length ** penalty;
    if (!best || score > best.score) best = { said, score };
  };
  const follow = (said: number[], sum: number) => {
    if (said.length === most) return offer(said, sum, most);
    language.logProbabilities([...prompt, ...said]).forEach((each, token) => {
      if (token === over) offer(said, sum + each, said.length + 1);
      else follow([...said, token], sum + each);
    });
  };
  follow([], 0);
  return best!.said;
}

describe("generation", () => {
  beforeAll(() => openDevice("cpu"));
  const options: GenerateOptions = { most: 4, end: over };

  test("by as many beams as there are texts finds the likeliest of all; greedily it need not", async () => {
    let missed = 0;
    for (let seed = 0; seed < 12; seed++) {
      const language = madeUp(seed);
      const best = bestOf(language, [1], 4, 0);
      expect(await generate(language.open, [[1]], { ...options, beams: 81 })).toEqual([best]);
      const [greedy] = await generate(language.open, [[1]], options);
      if (String(greedy) !== String(best)) missed++;
    }
    expect(missed).toBeGreaterThan(0);
  });

  test("by beams counts an end only where it is among the best ways to go on", () => {
    const search = new BeamSearch(1, 0, [over]);
    const way = (token: number, score: number) => ({ beam: 0, token, score });
    expect(search.advance([way(1, -1), way(over, -2)])).toEqual({ from: [0], tokens: [1] });
    search.advance([way(over, -5), way(2, -6)]);
    expect([search.best(), search.done]).toEqual([{ tokens: [1], score: -5 }, true]);
  });

  test("a length penalty above 0 favours longer texts, below 0 shorter ones", async () => {
    const lengths = async (lengthPenalty: number) => {
      let sum = 0;
      for (let seed = 0; seed < 12; seed++) {
        const [said] = await generate(madeUp(seed).open, [[1]], { ...options, beams: 6, lengthPenalty });
        sum += said!.length;
      }
      return sum;
    };
    const [short, plain, long] = [await lengths(-2), await lengths(0), await lengths(3)];
    expect(short).toBeLessThanOrEqual(plain);
    expect(short).toBeLessThan(long);
    expect(plain).toBeLessThan(long);
  });

  test("takes the likeliest at each place, and ends where the end is", async () => {
    const language = madeUp(4);
    const said: number[] = [];
    for (let word = 0; word < 4; word++) {
      const scores = language.logProbabilities([1, ...said]);
      const next = scores.indexOf(Math.max(...scores));
      if (next === over) break;
      said.push(next);
    }
    expect(await generate(language.open, [[1]], options)).toEqual([said]);
  });

  test("ends at whichever of several ends comes first, greedily and by beams", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const language = madeUp(seed);
      const [whole] = await generate(language.open, [[1]], { ...options, most: 8 });
      const [other] = whole!.length > 1 ? whole!.slice(1) : [0];
      const both = { ...options, most: 8, end: [over, other!] };
      const [cut] = await generate(language.open, [[1]], both);
      expect(cut).toEqual(whole!.includes(other!) ? whole!.slice(0, whole!.indexOf(other!)) : whole);
      const [searched] = await generate(language.open, [[1]], { ...both, beams: 3 });
      expect(searched).not.toContain(other);
    }
  });

  test.each([
    ["greedily", {}],
    ["drawn", { sampling: { seed: 9 } }],
    ["by beams", { beams: 3 }],
  ])("each prompt goes on as if it were alone, whatever its length and its neighbours: %s", async (_, way) => {
    const language = madeUp(7);
    const several = [[1], [2, 0], [0], [2, 2, 1], [1, 1]];
    const together = await generate(language.open, several, { ...options, ...way });
    const stream = "sampling" in way;
    for (const [at, prompt] of several.entries()) {
      // A prompt's draws come from a stream named by its place: so it stays at its place here.
      const alone = await generate(language.open, several.slice(0, at).concat([prompt]), { ...options, ...way });
      expect(alone.at(-1)).toEqual(together[at]);
      if (!stream) expect(await generate(language.open, [prompt], { ...options, ...way })).toEqual([together[at]]);
    }
  });

  test("never says what it must not, however likely", async () => {
    for (const way of [{}, { sampling: { seed: 1 } }, { beams: 2 }]) {
      const said = await generate(madeUp(3).open, [[1], [2]], { ...options, ...way, most: 6, never: [0, over] });
      expect(said.map((text) => text.length)).toEqual([6, 6]);
      expect(said.flat()).not.toContain(0);
    }
  });

  test("reads nothing more once all texts have ended", async () => {
    const language = madeUp(4);
    const said = await generate(language.open, [[1]], { ...options, most: 50 });
    expect(language.reads()).toBe(said[0]!.length + 1);
    expect(await generate(language.open, [[1]], { ...options, most: 0 })).toEqual([[]]);
  });

  test("refuses what contradicts itself", async () => {
    const asking = (change: object, prompt = [1]) => generate(madeUp(1).open, [prompt], { ...options, ...change });
    for (const [change, message] of [
      [{ sampling: { seed: 1 }, beams: 2 }, "a beam search draws nothing"],
      [{ sampling: { seed: 1, temperature: 0 } }, "temperature is 0, expected a number above 0"],
      [{ sampling: { seed: 1, topP: 1.5 } }, "topP is 1.5"],
      [{ sampling: { seed: 1, topK: 0.5 } }, "topK is 0.5"],
      [{ beams: 0 }, "beams is 0"],
      [{ most: -1 }, "most is -1"],
      [{ atOnce: 0 }, "atOnce is 0"],
      [{ atOnce: 1.5 }, "atOnce is 1.5"],
    ] as const)
      await expect(asking(change)).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining(message) });
    await expect(asking({}, [])).rejects.toMatchObject({ code: "USAGE", message: "a prompt is empty" });
  });
});

describe("a draw", () => {
  const logits = Float32Array.of(3, 2, 1, 0);
  const share = (sampling: object, times = 4000) => {
    const random = new Random(2);
    const counts = [0, 0, 0, 0];
    for (let at = 0; at < times; at++) counts[draw(logits, { seed: 0, ...sampling }, random)]!++;
    return counts.map((count) => count / times);
  };
  const softmax = (temperature: number) => {
    const weights = [...logits].map((each) => Math.exp(each / temperature));
    const total = weights.reduce((sum, each) => sum + each);
    return weights.map((each) => each / total);
  };

  test.each([0.5, 1, 2])("follows softmax(logits / temperature), at %d", (temperature) => {
    expect(share({ temperature })).toBeAllclose(softmax(temperature), { absolute: 0.03, relative: 0 });
  });

  test("at top-p takes the fewest tokens that together have that probability, by their shares", () => {
    const [first, second] = softmax(1) as [number, number];
    expect(share({ topP: first - 0.01 })).toEqual([1, 0, 0, 0]);
    const two = share({ topP: first + second - 0.01 });
    expect(two).toBeAllclose([first / (first + second), second / (first + second), 0, 0], {
      absolute: 0.03,
      relative: 0,
    });
  });

  test("gives the same for the same seed, and other texts for others", async () => {
    await openDevice("cpu");
    const said = (seed: number) => generate(madeUp(5).open, [[1]], { most: 20, sampling: { seed } });
    expect(await said(1)).toEqual(await said(1));
    expect(await said(1)).not.toEqual(await said(2));
    const one = await generate(madeUp(5).open, [[1]], { most: 20, sampling: { seed: 1, topK: 1 } });
    expect(one).toEqual(await generate(madeUp(5).open, [[1]], { most: 20 }));
  });
});
