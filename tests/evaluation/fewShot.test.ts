import { expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import type { Image } from "../../src/data/image.ts";
import type { Media } from "../../src/data/media.ts";
import { heldOutPages } from "../../src/data/namedShapes/heldOutPages.ts";
import { type FewShotOptions, type FewShotSet, fewShot } from "../../src/evaluation/fewShot.ts";
import { isMedia, type Prompt, type Text } from "../../src/evaluation/prompt.ts";

const set = heldOutPages(8)[0] as FewShotSet;
const labelOf = (media: Media) => (media as Image).label!;

/** The prompts that were asked, by the number of media; answered by who sees what images show and remembers their names. */
function reader(prompts: Prompt[] = []) {
  return {
    release: () => {},
    candidateScores: async (asked: readonly { prompt: Prompt; candidates: readonly Text[] }[]) =>
      asked.map(({ prompt, candidates }) => {
        prompts.push(prompt);
        const query = labelOf(prompt.findLast(isMedia)!);
        const name = prompt.find(
          (_, at) => at > 0 && isMedia(prompt[at - 1]!) && labelOf(prompt[at - 1] as Media) === query,
        );
        return candidates.map((text) => ({ sum: text === name ? -0.1 : -3, count: 1 }));
      }),
  };
}

/** A vector of length 1 for what an image shows: another direction for anything else. */
function directionOf(label: string): Float32Array {
  const vector = new Random(0).fork(label).normals(16);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

const options: FewShotOptions = {
  shots: [0, 4, 32],
  choice: "random",
  queries: 60,
  seed: 1,
  orders: 1,
  perToken: false,
  embed: async (media) => media.map((each) => directionOf(labelOf(each))),
  progress: () => {},
  mayContinue: async () => true,
};

test("who remembers the page's names is right as often as the shots show the answer, and never above the best possible", async () => {
  const points = (await fewShot(reader(), set, options))!;
  expect(points.map(({ shots }) => shots)).toEqual([0, 4, 32]);
  for (const { value, low, high, count, hits, best } of points) {
    expect(count).toBe(60);
    expect(value).toBe(hits / count);
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
    expect(best!).toBeGreaterThan(value - 0.15);
  }
  const [none, few, many] = points.map(({ value }) => value);
  expect(none).toBeLessThan(0.25);
  expect(few).toBeGreaterThan(none!);
  expect(many).toBeGreaterThan(0.85);
});

test("prompts have as many shots as asked for, and those of fewer are among those of more", async () => {
  const prompts: Prompt[] = [];
  await fewShot(reader(prompts), set, { ...options, queries: 1 });
  const shown = prompts.map((prompt) => prompt.filter(isMedia).map(labelOf));
  expect(shown.map(({ length }) => length)).toEqual([1, 5, 33]);
  expect(shown[2]!.slice(-5)).toEqual(shown[1]);
});

test("the most similar shots stand last, so that four of them show the answer", async () => {
  const prompts: Prompt[] = [];
  const points = (await fewShot(reader(prompts), set, { ...options, choice: "similar", shots: [4], queries: 20 }))!;
  expect(points[0]!.value).toBeGreaterThan(0.9);
  for (const prompt of prompts) {
    const labels = prompt.filter(isMedia).map(labelOf);
    expect(labels.at(-2)).toBe(labels.at(-1));
  }
});

test("an evaluation that is stopped gives nothing", async () => {
  expect(await fewShot(reader(), set, { ...options, mayContinue: async () => false })).toBeUndefined();
});
