import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { commonEmoji, emojiConcepts, heldOutStyle, styles, trainStyles } from "../../src/data/emoji/concepts.ts";
import { type Drawings, loadDrawings } from "../../src/data/emoji/drawings.ts";
import { emojiTokenizer, heldOutEmoji, trainingDrawings } from "../../src/data/emoji/emoji.ts";
import { sentenceAbout } from "../../src/data/emoji/sentences.ts";
import { frameTokenizer } from "../../src/data/movingShapes/frameWords.ts";
import { namedShapesTokenizer } from "../../src/data/namedShapes/words.ts";
import { toUnit } from "../../src/data/pixels.ts";
import { byteTokenizer } from "../../src/data/texts/byteTokenizer.ts";
import { renderedDrawings, renderingTime, drawingSize as size } from "./renderedDrawings.ts";

const concepts = emojiConcepts();
const tokenizer = emojiTokenizer();
let drawings: Drawings;
let warnings: string[];
const options = (folder: string) => ({
  size,
  cache: folder,
  progress: () => {},
  warn: () => {},
});

beforeAll(async () => {
  ({ drawings, warnings } = await renderedDrawings());
}, renderingTime);

const pixelsKey = (pixels: ArrayLike<number>) => Buffer.from(Uint8Array.from(pixels)).toString("base64");
const unitKey = (pixels: Float32Array) => pixelsKey(pixels.map((value) => Math.round((value + 1) * 127.5)));

describe("concepts", () => {
  test("all four styles draw 1,594 emoji, of which about 1,162 are fair", () => {
    expect(commonEmoji()).toHaveLength(1594);
    expect(Math.abs(concepts.length - 1162)).toBeLessThan(10);
  });

  test("a hundred are held out, always the same, from most subgroups", () => {
    const heldOut = concepts.filter((concept) => concept.heldOut);
    expect(heldOut).toHaveLength(100);
    expect(emojiConcepts()).toEqual(concepts);
    const subgroups = new Set(concepts.map(({ subgroup }) => subgroup));
    expect(new Set(heldOut.map(({ subgroup }) => subgroup)).size).toBeGreaterThan(0.7 * subgroups.size);
  });

  test("no label is there twice, and none is of an unfair kind", () => {
    const labels = concepts.map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
    expect(labels.filter((label) => /facing right|o'clock|\bflag\b.*:|^(wo)?man /.test(label))).toEqual([]);
    expect(concepts.filter(({ group }) => group === "symbols" || group === "flags")).toEqual([]);
  });

  test("the pipelines that come with the studio know the size of the vocabulary", () => {
    const folder = new URL("../../editor/templates/", import.meta.url);
    for (const name of readdirSync(folder)) {
      const text = readFileSync(new URL(name, folder), "utf8");
      const sizes = [...text.matchAll(/"(?:vocabulary|imageToken)": (\d+)/g)];
      const others = [
        { text: '"NamedShape', tokenizer: namedShapesTokenizer() },
        { text: '"MovingShapePairs"', tokenizer: frameTokenizer() },
        { text: '"tokenizer": "words"', tokenizer },
      ];
      const known = others.find((each) => text.includes(each.text))?.tokenizer ?? byteTokenizer();
      expect(new Set(sizes.map(([, count]) => Number(count))), name).toEqual(new Set([known.pretrained]));
    }
  });
});

describe("drawings", () => {
  test("every style draws every concept, and none is empty", () => {
    expect(warnings).toEqual([]);
    for (const style of styles)
      drawings[style].forEach((pixels, index) => {
        const spread = Math.max(...pixels!) - Math.min(...pixels!);
        expect(spread, `${style}: ${concepts[index]!.label}`).toBeGreaterThan(20);
      });
  });

  test("drawings from the cache are those that were rendered", async () => {
    const few = concepts.slice(0, 3);
    const folder = await mkdtemp(join(tmpdir(), "flamingo-kept-"));
    const first = await loadDrawings(few, options(folder));
    const told: number[] = [];
    const progress = (done: number) => told.push(done);
    expect(await loadDrawings(few, { ...options(folder), progress })).toEqual(first);
    expect(told).toEqual([]);
    for (const style of styles) expect(first[style]).toEqual(drawings[style].slice(0, 3));
    await rm(folder, { recursive: true });
  });

  test("rendering tells how far it is, up to the end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "flamingo-told-"));
    const told: [number, number][] = [];
    const progress = (done: number, total: number) => told.push([done, total]);
    await loadDrawings(concepts.slice(0, 10), { ...options(folder), progress });
    expect(told.at(-1)).toEqual([40, 40]);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b));
    await rm(folder, { recursive: true });
  });

  test("a cache cut short is rendered anew, and nothing but the whole file stays", async () => {
    const few = concepts.slice(0, 3);
    const folder = await mkdtemp(join(tmpdir(), "flamingo-cut-"));
    const first = await loadDrawings(few, options(folder));
    const [file] = await readdir(folder);
    const whole = await readFile(join(folder, file!));
    await writeFile(join(folder, file!), whole.subarray(0, whole.length / 2));
    expect(await loadDrawings(few, options(folder))).toEqual(first);
    expect((await stat(join(folder, file!))).size).toBe(whole.length);
    expect(await readdir(folder)).toEqual([file]);
    await rm(folder, { recursive: true });
  });

  test("a cache that cannot be written costs a warning, not the run", async () => {
    const folder = await mkdtemp(join(tmpdir(), "flamingo-full-"));
    const blocked = join(folder, "a file");
    await writeFile(blocked, "");
    const told: string[] = [];
    const few = concepts.slice(0, 2);
    const rendered = await loadDrawings(few, { ...options(blocked), warn: (text) => told.push(text) });
    expect(rendered.noto.every((pixels) => pixels !== undefined)).toBe(true);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("are not kept");
    await rm(folder, { recursive: true });
  });

  test("a drawing that cannot be rendered is named, counted and left out", async () => {
    const folder = await mkdtemp(join(tmpdir(), "flamingo-broken-"));
    const told: string[] = [];
    const broken = [{ ...concepts[0]!, code: "no such code" }, concepts[1]!];
    const rendered = await loadDrawings(broken, { ...options(folder), warn: (text) => told.push(text) });
    expect(rendered.noto.map((pixels) => pixels !== undefined)).toEqual([false, true]);
    expect(told[0]).toMatch(/^4 of 8 drawings could not be rendered and are left out: noto:no such code, /);
    await rm(folder, { recursive: true });
  });
});

describe("training drawings", () => {
  test("show no held-out concept and no held-out style", () => {
    const training = trainingDrawings({ concepts, drawings });
    const shown = new Set(training.map(({ pixels }) => pixelsKey(pixels)));
    concepts.forEach(({ heldOut, label }, index) => {
      expect(shown.has(pixelsKey(drawings[heldOutStyle][index]!)), label).toBe(false);
      if (heldOut) for (const style of styles) expect(shown.has(pixelsKey(drawings[style][index]!)), label).toBe(false);
    });
    expect(training.filter(({ concept }) => concepts[concept]!.heldOut)).toEqual([]);
    expect(training).toHaveLength(trainStyles.length * concepts.filter(({ heldOut }) => !heldOut).length);
  });
});

describe("evaluation", () => {
  const heldOut = () => heldOutEmoji({ concepts, drawings }, size);
  const examplesOf = (set: string, most: number) =>
    heldOut()
      .evaluationSets!.find(({ name }) => name === set)!
      .examples(most);

  test("examples are always the same, with 20 different candidates, the right one among them", () => {
    for (const { name, groups } of heldOut().evaluationSets!) {
      const examples = examplesOf(name, 60);
      expect(examplesOf(name, 60)).toEqual(examples);
      expect(examples).toHaveLength(60);
      for (const { captions, candidates, right, group } of examples) {
        const label = captions![0]!;
        expect(new Set(candidates!.map((each) => tokenizer.encode(each).join())).size).toBe(20);
        expect(candidates![right!]).toBe(label);
        expect(groups!.get(label)).toBe(group);
      }
    }
  });

  test("a few examples are the first of many", () => {
    expect(examplesOf("unseenStyle", 5)).toEqual(examplesOf("unseenStyle", 50).slice(0, 5));
  });

  test("unseen styles are of known concepts, unseen concepts of those held out, candidates of the same kind", () => {
    const names = new Set(concepts.filter((each) => each.heldOut).map(({ label }) => label));
    const drawn = new Set(drawings[heldOutStyle].map((pixels) => unitKey(toUnit(pixels!))));
    for (const { media, candidates } of examplesOf("unseenStyle", 2000)) {
      expect(drawn.has(unitKey(media[0]!.pixels))).toBe(true);
      expect(candidates!.some((each) => names.has(each))).toBe(false);
    }
    const unseen = examplesOf("unseenConcepts", 2000);
    expect(unseen).toHaveLength(400);
    for (const { candidates } of unseen) expect(candidates!.every((each) => names.has(each))).toBe(true);
  });

  test("the right candidate stands in every place about equally often", () => {
    const places = new Array<number>(20).fill(0);
    for (const { right } of examplesOf("unseenStyle", 2000)) places[right!]!++;
    expect(Math.min(...places)).toBeGreaterThan(25);
    expect(Math.max(...places)).toBeLessThan(90);
  });

  test("shots for an unseen concept are all other drawings of unseen concepts, those of its own in other styles among them", () => {
    const set = heldOut().evaluationSets!.find(({ name }) => name === "unseenConcepts")!;
    for (const [index, { media, captions }] of set.examples(20).entries()) {
      const shots = set.support!(index);
      expect(shots).toHaveLength(399);
      expect(set.support!(index)[0]!.media[0]).toBe(shots[0]!.media[0]);
      const own = unitKey(media[0]!.pixels);
      expect(shots.some((shot) => unitKey(shot.media[0]!.pixels) === own)).toBe(false);
      expect(shots.filter((shot) => shot.captions![0] === captions![0])).toHaveLength(styles.length - 1);
    }
  });

  test("samples are of a style that is not trained on, and have names that the model can say", () => {
    const { samples } = heldOut();
    expect(samples).toHaveLength(12);
    const held = new Set(drawings[heldOutStyle].map((pixels) => unitKey(toUnit(pixels!))));
    for (const { captions, media } of samples!) {
      expect(tokenizer.unknown(captions![0]!)).toEqual([]);
      expect(held.has(unitKey(media[0]!.pixels))).toBe(true);
    }
  });
});

describe("sentences", () => {
  test("have no word that the vocabulary lacks, and every concept comes up, held out or not", () => {
    const random = new Random(5);
    for (const concept of concepts)
      for (let each = 0; each < 4; each++) {
        const sentence = sentenceAbout(concept, random);
        expect(tokenizer.unknown(sentence), sentence).toEqual([]);
      }
  });

  test("are put in many ways", () => {
    const random = new Random(6);
    const rich = concepts.find(({ tags }) => tags.length > 5)!;
    const said = Array.from({ length: 200 }, () => sentenceAbout(rich, random));
    expect(new Set(said).size).toBeGreaterThan(20);
  });
});
