import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { formatFile, formatSources } from "./dataFormats.ts";
import { openFormat } from "./openFormat.ts";

const folder = mkdtempSync(join(tmpdir(), "flamingo-mmc4-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inOrder = { ...formatSources.Mmc4, batch: 1, length: 200, shuffle: 1 };

/** A document with sentences and, before some of them, images. */
function page(texts: string[], images: [name: string, sentence: number][]): object {
  return {
    text_list: texts,
    image_info: images.map(([name, sentence]) => ({
      image_name: name,
      matched_text_index: sentence,
      matched_sim: 0.3,
    })),
  };
}

const nameOf = (number: number) => `COCO_train2014_${String(number).padStart(12, "0")}.jpg`;

function open(lines: readonly (object | string)[], config: Record<string, unknown> = {}) {
  const file = join(folder, "docs.jsonl");
  writeFileSync(file, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
  return openFormat("Mmc4", { ...inOrder, shards: file, ...config });
}

/** The first row of a batch as text, with `<image>` and `|` at the end of a chunk. */
async function textOf({ source }: Awaited<ReturnType<typeof openFormat>>, index = 0): Promise<string> {
  const { ids } = await source.batch(index);
  const { image, endOfChunk, bos, pad } = source.tokenizer!.special;
  const names: Record<number, string> = { [image]: "<image>", [endOfChunk]: "|", [bos]: "", [pad]: "" };
  return [...ids!.data.subarray(0, ids!.shape[1])].map((id) => names[id] ?? source.tokenizer!.decode([id])).join("");
}

test("an image stands before the sentence that it is matched to, and a chunk ends before the next", async () => {
  const opened = await openFormat("Mmc4", inOrder);
  const words = (await textOf(opened)).replaceAll(" ", "");
  const said = ["red square", "red circle", "blue square"].map(
    (thing) => `Hereisa${thing.replace(" ", "")}.Itisonwhite.`,
  );
  expect(words).toBe(`Thisispage0.${said.map((each) => `<image>${each}|`).join("")}`);
  const { images } = await opened.source.batch(0);
  const [, second] = [0, 1].map((place) => images!.data.subarray(place * 768, (place + 1) * 768));
  const pairs = await openFormat("CaptionFile", {
    ...{ ...formatSources.CaptionFile, batch: 2, media: 1, heldOut: 0, shuffle: 1, mirror: false },
  });
  expect(second).toEqual((await pairs.source.batch(0)).images!.data.subarray(768, 1536)); // the same file
});

test("a page with 40 images gives the first ones of the part that is taken, each with its words", async () => {
  const texts = Array.from({ length: 40 }, (_, at) => `w${at}`);
  const images = texts.map((_, at): [string, number] => [nameOf(at % 24), at]);
  const opened = await open([page(texts, images)], { media: 5, length: 400 });
  const text = (await textOf(opened)).replaceAll(" ", "");
  expect(text).toBe(`${[0, 1, 2, 3].map((at) => `<image>w${at}|`).join("")}<image>${texts.slice(4).join("")}|`);
  expect((await opened.source.batch(0)).images!.shape).toEqual([1, 5, 1, 16, 16, 3]);
});

test("a long page gives another part at another time, and each part has an image and at most as many tokens as asked for", async () => {
  const texts = Array.from({ length: 300 }, (_, at) => `w${at}`);
  const opened = await open([page(texts, [[nameOf(0), 20], [nameOf(1), 200]])], { length: 32 }); // biome-ignore format: pairs
  const parts = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => textOf(opened, index)));
  expect(new Set(parts).size).toBeGreaterThan(3);
  for (const part of parts) expect(part).toContain("<image>");
  expect((await opened.source.batch(0)).ids!.shape).toEqual([1, 32]);
});

test("an image that is not there, cannot be decoded or lies outside the folder is left out of its page, by name", async () => {
  writeFileSync(join(folder, "broken.jpg"), "no image");
  writeFileSync(join(folder, "good.jpg"), readFileSync(formatFile(`coco/images/${nameOf(0)}`)));
  const images: [string, number][] = [["gone.jpg", 0], ["broken.jpg", 1], ["../x.jpg", 2], ["good.jpg", 3]]; // biome-ignore format: a row
  const opened = await open([page(["a", "b", "c", "d"], images)], { images: folder, media: 5 });
  expect(await textOf(opened)).toBe(" a b c<image> d|".replaceAll(" ", "").replace("|", "|"));
  expect((await opened.skipped()).map((each) => each.replace(/\(.*\)/, "(...)"))).toEqual([
    "../x.jpg of line 1 of docs.jsonl: it is no path inside the folder of images",
    "broken.jpg of line 1 of docs.jsonl: its image cannot be decoded (...)",
    "gone.jpg of line 1 of docs.jsonl: its image is not there",
  ]);
});

test("pages that cannot be used are named, counted and skipped: a JSON line cut in two, no text, no images, no such sentence", async () => {
  const good = page(["hello"], [[nameOf(0), 0]]);
  const cut = JSON.stringify(good);
  const opened = await open([
    ...[good, cut.slice(0, 30), cut.slice(30), { image_info: [] }, page(["a"], []), page(["a"], [["x.jpg", 1]])],
    ...[page([""], [[nameOf(1), 0]]), page(["a"], [["gone.jpg", 0]])],
  ]);
  expect(opened.warnings.map((each) => each.replace(/.* is skipped: /, ""))).toEqual([
    "line 2 of docs.jsonl: it is no JSON",
    "line 3 of docs.jsonl: it is no JSON",
    "line 4 of docs.jsonl: it has no text_list",
    "line 5 of docs.jsonl: it has no images",
    "line 6 of docs.jsonl: its image 0 is matched to none of its 1 sentences",
  ]);
  expect(await opened.skipped(1)).toEqual([
    "line 7 of docs.jsonl: it has no text",
    "line 8 of docs.jsonl: none of its images can be used (gone.jpg of line 8 of docs.jsonl: its image is not there)",
  ]);
  expect(await textOf(opened, 1)).toBe(await textOf(opened, 0));
  writeFileSync(join(folder, "docs.jsonl.zip"), "PK\x03\x04");
  await expect(openFormat("Mmc4", { ...inOrder, shards: join(folder, "docs.jsonl.zip") })).rejects.toThrow(
    /is a zip archive/,
  );
});
