import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { type CaptionEvaluation, derangement, evaluateCaptions } from "../../src/evaluation/captions.ts";
import { captionGreedily } from "../../src/evaluation/generate.ts";
import { scoreTokens } from "../../src/evaluation/score.ts";
import { examples, knowing, labels, MadeUpCaptioner, type Opinion, tokens, words } from "./knowingCaptioner.ts";

beforeAll(() => openDevice("cpu"));

/** Judges an opinion on all pictures, or on fewer. */
async function judge(opinion: Opinion, count?: number, change: Partial<CaptionEvaluation> = {}) {
  const captioner = new MadeUpCaptioner(opinion);
  const evaluation: CaptionEvaluation = {
    captioner,
    tokens,
    pretrainedTokens: words.pretrained,
    subgroupOf: (caption) =>
      labels.some((label) => label.join() === caption.join()) ? String(caption.at(-1)) : undefined,
    longest: 5,
    progress: () => {},
    mayGoOn: async () => true,
    ...change,
  };
  return { captioner, report: await evaluateCaptions(examples(count), evaluation, 1) };
}

/** Prefers some words, whatever is on the picture. */
const blind: Opinion = (_label, text, token) =>
  Math.sin(token * 3 + text.length) + (text.length > 3 && token === tokens.endOfChunk ? 9 : 0);

describe("a captioner that always knows", () => {
  test("is right always: exact, subgroup and best of the candidates", async () => {
    const { report } = await judge(knowing);
    const { exact, subgroup, best } = report!.shares;
    for (const share of [exact, subgroup, best]) expect(share).toMatchObject({ hits: 18, count: 18, value: 1 });
    expect(report!.means.right!.value).toBeGreaterThan(-0.001);
  });

  test("needs the right picture: with another, and by the language model alone, its words are unlikely", async () => {
    const { means } = (await judge(knowing)).report!;
    expect(means.rightMinusShuffled!.low).toBeGreaterThan(10);
    // Alone it has no opinion, so each of the pretrained tokens is as likely; the new ones do not compete.
    expect(means.alone!.value).toBeCloseTo(-Math.log(words.pretrained), 4);
    expect(means.rightMinusAlone!.value).toBeCloseTo(means.right!.value! - means.alone!.value!, 5);
  });

  test("is shown each picture once as its own and once as another's", async () => {
    const { captioner } = await judge(knowing);
    const [own, others] = [
      captioner.looks.filter((_, at) => at % 2 === 0),
      captioner.looks.filter((_, at) => at % 2 === 1),
    ];
    expect(own.flat()).toEqual(labels.map((_, index) => index));
    expect(others.flat().toSorted((a, b) => a - b)).toEqual(own.flat());
    expect(others.flat().filter((picture, index) => picture === index)).toEqual([]);
  });
});

describe("a captioner that ignores the picture", () => {
  test("gains nothing from the right one", async () => {
    const { means, shares } = (await judge(blind)).report!;
    expect(means.rightMinusShuffled).toMatchObject({ value: 0, count: 18 });
    expect(shares.exact!.hits).toBeLessThan(3);
  });

  test("that has no opinion at all is right as often as the answer stands first, no more", async () => {
    const { shares } = (await judge(() => 0)).report!;
    expect(shares.best!.hits).toBe(3); // 18 pictures, six places
  });

  test("that gives no numbers is never right", async () => {
    const { shares } = (await judge(() => Number.NaN)).report!;
    expect([shares.best!.hits, shares.exact!.hits]).toEqual([0, 0]);
  });
});

describe("an evaluation", () => {
  test("of one picture has nothing to shuffle, and of none knows nothing", async () => {
    const one = (await judge(knowing, 1)).report!;
    expect(one.shares.exact).toMatchObject({ hits: 1, count: 1 });
    expect(Object.keys(one.means)).toEqual(["right", "alone", "rightMinusAlone"]);
    expect((await judge(knowing, 0)).report!.shares.exact!.value).toBeNull();
  });

  test("that is stopped gives no half result", async () => {
    expect((await judge(knowing, 18, { mayGoOn: async () => false })).report).toBeUndefined();
  });

  test("keeps no tensor", async () => {
    const before = countTensors();
    await judge(knowing);
    expect(countTensors()).toBe(before);
  });
});

describe("a greedy caption", () => {
  const say = async (opinion: Opinion, pictures = [0, 7], most = 6) => {
    const captioner = new MadeUpCaptioner(opinion);
    const seen = captioner.look(Float32Array.from(pictures), pictures.length);
    const said = await captionGreedily(captioner, seen, tokens, most);
    seen.dispose();
    return { captioner, said };
  };

  test("ends at <|endofchunk|>, each at its own", async () => {
    const { said, captioner } = await say(knowing, [0, 2, 1]);
    expect(said).toEqual([labels[0], labels[2], labels[1]]);
    expect(captioner.lengths).toEqual([2, 3, 4, 5]); // the longest has three words, and an end
  });

  test("is cut off at the most words", async () => {
    const { said } = await say((_label, _text, token) => (token === words.encode("sky")[0] ? 1 : 0), [0], 4);
    expect(words.decode(said[0]!)).toBe("sky sky sky sky");
  });

  test("never says a token that only frames a text, however likely", async () => {
    const frames = [tokens.image, tokens.bos, tokens.pad];
    const { said } = await say((label, text, token) => (frames.includes(token) ? 99 : knowing(label, text, token)));
    expect(said).toEqual([labels[0], labels[7]]);
  });
});

describe("scores", () => {
  test("are log-probabilities, summed over what is scored, with as many tokens competing as are asked for", () => {
    const logits = Float32Array.of(1, 2, 3, 0, 0, 0);
    const log = (values: number[]) => Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));
    const { sums, counts } = scoreTokens(logits, [1, 2, 3], Int32Array.of(1, 0));
    expect(sums).toBeAllclose([2 - log([1, 2, 3]) - Math.log(3)]);
    expect(counts).toEqual([2]);
    const two = scoreTokens(logits, [1, 2, 3], Int32Array.of(1, -100), 2);
    expect([...two.sums, ...two.counts]).toBeAllclose([2 - log([1, 2]), 1]);
  });

  test("stay finite for large logits", () => {
    expect(scoreTokens(Float32Array.of(1e4, 0), [1, 1, 2], Int32Array.of(1)).sums).toEqual([-1e4]);
  });
});

test("a shuffle leaves nobody with their own picture, uses each once, and goes by the seed", () => {
  for (let count = 2; count < 30; count++) {
    for (let seed = 0; seed < 20; seed++) {
      const other = derangement(count, new Random(seed));
      expect(other.filter((from, index) => from === index)).toEqual([]);
      expect(new Set(other).size).toBe(count);
    }
  }
  expect(derangement(20, new Random(1))).toEqual(derangement(20, new Random(1)));
  expect(derangement(20, new Random(1))).not.toEqual(derangement(20, new Random(2)));
});
