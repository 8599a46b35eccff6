import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import type { Example } from "../../src/data/evaluationSet.ts";
import type { Image } from "../../src/data/image.ts";
import { heldOutPages } from "../../src/data/namedShapes/heldOutPages.ts";
import { drawScene } from "../../src/data/namedShapes/scene.ts";
import {
  combinationCount,
  madeUpNames,
  namedShapesTokenizer,
  plainName,
  seenCombinations,
  unseenCombinations,
} from "../../src/data/namedShapes/words.ts";
import type { Batch, OpenSource } from "../../src/data/source.ts";
import { NamedShapePairs } from "../../src/data/sources/namedShapePairs.ts";
import { NamedShapes } from "../../src/data/sources/namedShapes.ts";
import { NamedShapeTexts } from "../../src/data/sources/namedShapeTexts.ts";

const tokenizer = namedShapesTokenizer();
const context = { seed: 3, cache: "", warn: () => {}, progress: () => {} };

/** The words of a batch's rows. */
function textsOf(source: OpenSource<Batch>, index: number): string[][] {
  const { ids } = source.batch(index);
  const length = ids!.shape[1]!;
  return Array.from({ length: ids!.shape[0]! }, (_, row) =>
    [...ids!.data.subarray(row * length, (row + 1) * length)].map((id) => tokenizer.word(id)),
  );
}

/** Entries `red square bakux .` of a page of text: what is named, and how. */
function entriesOf(words: readonly string[]): [string, string][] {
  const [, ...rest] = words;
  return Array.from({ length: rest.length / 4 }, (_, at) => {
    const [colour, shape, name] = rest.slice(4 * at);
    return [`${colour} ${shape}`, name!];
  });
}

describe("named shapes", () => {
  test("64 combinations, of which 8 are unseen: one of each colour and of each shape", () => {
    expect(seenCombinations.length + unseenCombinations.size).toBe(combinationCount);
    const words = [...unseenCombinations].map((combination) => plainName(combination).split(" "));
    expect(new Set(words.map(([colour]) => colour)).size).toBe(8);
    expect(new Set(words.map(([, shape]) => shape)).size).toBe(8);
    expect(new Set(madeUpNames).size).toBe(64);
  });

  test("a scene has its colour: the pixels that differ most from the ground are nearest to it", () => {
    const size = 32;
    const meanOf = (combination: number) => {
      const sums = [0, 0, 0];
      for (let draw = 0; draw < 4; draw++) {
        const pixels = new Uint8Array(size * size * 3);
        drawScene(pixels, 0, size, combination, new Random(1).fork(draw).fork(combination));
        const saturation = Array.from({ length: size * size }, (_, at) => {
          const rgb = [...pixels.subarray(3 * at, 3 * at + 3)];
          return { rgb, by: Math.max(...rgb) - Math.min(...rgb) };
        });
        for (const { rgb } of saturation.sort((a, b) => b.by - a.by).slice(0, 20))
          for (const channel of [0, 1, 2]) sums[channel]! += rgb[channel]! / 80;
      }
      return sums;
    };
    const means = Array.from({ length: 8 }, (_, colour) => meanOf(8 * colour));
    for (let combination = 0; combination < combinationCount; combination++) {
      const own = meanOf(combination);
      const far = means.map((mean) => Math.hypot(...mean.map((value, channel) => value - own[channel]!)));
      expect(far.indexOf(Math.min(...far)), plainName(combination)).toBe(Math.floor(combination / 8));
    }
  });

  test("on a page a name means one combination, and on another page another one", async () => {
    const source = await NamedShapeTexts.open(NamedShapeTexts.config.parse({ entries: 64, wrong: 0 }), context);
    const all = new Map<string, Set<string>>();
    for (const page of [0, 1, 2].flatMap((index) => textsOf(source, index))) {
      const entries = entriesOf(page);
      const [names, meanings] = [new Map(entries), new Map(entries.map(([shown, name]) => [name, shown]))];
      for (const [shown, name] of entries) {
        expect(names.get(shown)).toBe(name);
        expect(meanings.get(name)).toBe(shown);
        all.set(shown, (all.get(shown) ?? new Set()).add(name));
      }
    }
    expect(Math.max(...[...all.values()].map((names) => names.size))).toBeGreaterThan(1);
  });

  test("pages of text get longer by the curriculum, and wrong names come last", async () => {
    const settings = { entries: 68, short: 2, middle: 2, clean: 6, wrong: 0.5 };
    const source = await NamedShapeTexts.open(NamedShapeTexts.config.parse(settings), context);
    const entries = (index: number) => (source.batch(index).ids!.shape[1]! - 1) / 4;
    expect([0, 1, 2, 3].map(entries)).toEqual([8, 8, 16, 16]);
    expect([8, 16, 34]).toContain(entries(9));
    const hasWrong = (index: number) =>
      textsOf(source, index).some(
        (page) => new Set(entriesOf(page).map(String)).size > new Set(entriesOf(page).map(([shown]) => shown)).size,
      );
    expect([0, 1, 2, 3, 4, 5].some(hasWrong)).toBe(false);
    expect([6, 7, 8, 9].some(hasWrong)).toBe(true);
  });

  test("the loss of texts counts every name, and few other tokens", async () => {
    const source = await NamedShapeTexts.open(NamedShapeTexts.config.parse({}), context);
    const { targets } = source.batch(0);
    const counted = [...targets!.data].filter((id) => id >= 0).map((id) => tokenizer.word(id));
    const names = counted.filter((word) => madeUpNames.includes(word)).length;
    expect(names).toBe(512);
    expect((counted.length - names) / (3 * 512)).toBeGreaterThan(0.05);
    expect((counted.length - names) / (3 * 512)).toBeLessThan(0.15);
  });

  test("no image to train on shows an unseen combination", async () => {
    const pairs = await NamedShapePairs.open(NamedShapePairs.config.parse({ imageSize: 8 }), context);
    const unseen = new Set([...unseenCombinations].map(plainName));
    for (const index of [0, 1, 2]) {
      const said = [...pairs.batch(index).words!.data].map((id) => tokenizer.word(id));
      for (let at = 0; at < said.length; at += 2) expect(unseen.has(`${said[at]} ${said[at + 1]}`)).toBe(false);
    }
    const config = NamedShapes.config.parse({ imageSize: 8, scenes: 112 });
    const { images, ids } = (await NamedShapes.open(config, context)).batch(5);
    // A scene shows the combination at its place among those that are seen, over and over.
    expect(images!.names!.of).toBe(112);
    const shown = images!.names!.each.map((scene) => seenCombinations[scene % seenCombinations.length]);
    const names = [...ids!.data].map((id) => tokenizer.word(id)).filter((word) => madeUpNames.includes(word));
    for (let page = 0; page < 32; page++) {
      const entries = Array.from({ length: 5 }, (_, at) => [shown[5 * page + at], names[5 * page + at]]);
      expect(new Set(entries.map(String)).size).toBe(new Set(entries.map(([combination]) => combination)).size);
    }
  });

  test("lines of text before a page's images use the names as its images do, and the loss does not count them", async () => {
    const config = NamedShapes.config.parse({ imageSize: 8, scenes: 112, lines: 6 });
    const source = await NamedShapes.open(config, context);
    const numbers = [0, 1, 2, 3, 4, 5].map((index) => {
      const { images, targets } = source.batch(index);
      const shown = images!.names!.each.map((scene) => plainName(seenCombinations[scene % seenCombinations.length]!));
      const counted = [...targets!.data].map((id) => (id < 0 ? "" : tokenizer.word(id)));
      const length = targets!.shape[1]!;
      const lines = textsOf(source, index).map((words, page) => {
        const before = words.slice(0, words.indexOf("<image>"));
        const names = words.slice(before.length).filter((word) => madeUpNames.includes(word));
        const onPage = new Map(names.map((name, at) => [shown[5 * page + at]!, name]));
        for (const [text, name] of entriesOf(before)) expect(onPage.get(text) ?? name).toBe(name);
        expect(counted.slice(page * length, page * length + before.length).every((word) => word === "")).toBe(true);
        return entriesOf(before).length;
      });
      expect(new Set(lines).size).toBe(1);
      return lines[0]!;
    });
    expect(Math.max(...numbers)).toBeLessThanOrEqual(6);
    expect(new Set(numbers).size).toBeGreaterThan(1);
  });
});

describe("held-out pages", () => {
  const [clean, wrong, unseen] = heldOutPages(8);
  const labelOf = ({ media }: Example) => (media[0] as Image).label;

  test("a query has its page's names as candidates, and the right one is what its page calls it", () => {
    for (const [index, query] of clean!.examples(20).entries()) {
      expect(new Set(query.candidates).size).toBe(12);
      expect(query.captions![0]).toBe(query.candidates![query.right!]);
      for (const shot of clean!.support!(index)) {
        expect(query.candidates).toContain(shot.captions![0]);
        expect(shot.captions![0] === query.captions![0]).toBe(labelOf(shot) === labelOf(query));
      }
    }
  });

  test("unseen combinations are asked for on pages of their own", () => {
    const names = new Set([...unseenCombinations].map(plainName));
    for (const query of unseen!.examples(10)) expect(names.has(labelOf(query)!)).toBe(true);
    for (const query of clean!.examples(10)) expect(names.has(labelOf(query)!)).toBe(false);
  });

  test("about 30% of the names are wrong where they are to be", () => {
    const shots = wrong!.examples(20).flatMap((query, index) => {
      const same = wrong!.support!(index).filter((shot) => labelOf(shot) === labelOf(query));
      return same.map((shot) => shot.captions![0] === query.captions![0]);
    });
    const share = shots.filter((right) => !right).length / shots.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  test("the best possible accuracy is chance without shots, 1 where a shot shows the answer, and between otherwise", () => {
    const [query] = clean!.examples(1);
    const support = clean!.support!(0);
    const shows = support.find((shot) => labelOf(shot) === labelOf(query!))!;
    const others = support.filter((shot) => labelOf(shot) !== labelOf(query!));
    expect(clean!.bestPossible!(0, [])).toBeCloseTo(1 / 12);
    expect(clean!.bestPossible!(0, [shows])).toBe(1);
    expect(clean!.bestPossible!(0, others.slice(0, 1))).toBeCloseTo(1 / 11);
    expect(clean!.bestPossible!(0, others)).toBe(1);
  });

  test("with wrong names it is the probability of the likeliest name after Bayes", () => {
    const [query] = wrong!.examples(1);
    const shot = { ...query!, captions: [query!.candidates![0]!] };
    expect(wrong!.bestPossible!(0, [])).toBeCloseTo(1 / 4);
    expect(wrong!.bestPossible!(0, [shot])).toBeCloseTo(0.7);
    // Twice the same name: 0.7² against 3 · 0.1².
    expect(wrong!.bestPossible!(0, [shot, shot])).toBeCloseTo(0.49 / (0.49 + 3 * 0.01));
  });
});
