import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { formatFile } from "./dataFormats.ts";
import { openFormat } from "./openFormat.ts";
import { tarFile } from "./tarFile.ts";

const folder = mkdtempSync(join(tmpdir(), "flamingo-tar-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const red = await sharp({ create: { width: 6, height: 6, channels: 3, background: "#f00" } })
  .png()
  .toBuffer();

type Files = Parameters<typeof tarFile>[0];

function open(shards: string, config: Record<string, unknown> = {}) {
  const inOrder = { imageSize: 8, batch: 4, media: 1, heldOut: 0, mirror: false, shuffle: 1 };
  return openFormat("WebDataset", { ...inOrder, shards, ...config });
}

function openTar(files: Files, config: Record<string, unknown> = {}, cut?: number) {
  const bytes = tarFile(files);
  const file = join(folder, `${made++}.tar`);
  writeFileSync(file, cut === undefined ? bytes : bytes.subarray(0, cut));
  return open(file, config);
}

const pair = (key: string, caption: string): Files => [
  [`${key}.png`, red],
  [`${key}.txt`, caption],
];

/** What a person reads, without the folder. */
function plain(messages: readonly string[]): string[] {
  return messages.map((message) => message.replaceAll(`${folder}/`, "").replace(/\d+\.tar/g, "X.tar"));
}

async function refusal(opened: Promise<unknown>): Promise<string> {
  const error = await opened.then(
    () => "it was not refused",
    (thrown: unknown) => String(thrown),
  );
  return plain([error])[0]!;
}

test("shards that the owners' library wrote are read in order: captions of .txt and of .json", async () => {
  const { captions, warnings } = await open(formatFile("pairs-{000000..000001}.tar"), { batch: 24 });
  const colours = ["red", "blue", "green", "yellow"];
  const all = [0, 1, 2].flatMap(() => colours.flatMap((colour) => [`a ${colour} square`, `a ${colour} circle`]));
  expect(await captions()).toEqual(all);
  expect(warnings).toEqual([]);
});

test("an image has the pixels of its file", async () => {
  const { source } = await openTar(pair("a", "red"));
  const { images } = await source.batch(0);
  expect(images!.data.slice(0, 3)).toEqual(Float32Array.of(1, -1, -1));
});

test("the samples that are held out depend on their keys alone, and are never trained on", async () => {
  const files = Array.from({ length: 40 }, (_, at) => pair(`k${at}`, `number ${at}`)).flat();
  const { source, captions } = await openTar(files, { heldOut: 0.25, batch: 60 });
  const heldOut = source.samples!.map((sample) => sample.captions![0]!);
  expect(heldOut.length).toBeGreaterThan(3);
  const trained = new Set(await captions());
  for (const each of heldOut) expect(trained.has(each)).toBe(false);
  const fewer = await openTar(files.slice(20), { heldOut: 0.25 });
  for (const sample of fewer.source.samples!) expect(heldOut).toContain(sample.captions![0]!);
});

test("names of any length, folders and files that are no samples are read as tar has them", async () => {
  const { captions } = await open(formatFile("pairs-000000.tar"), { batch: 1 });
  expect(await captions()).toEqual(["a red square"]);
  const files: Files = [
    ["__meta__.json", "{}"],
    ["README", "nothing"],
    ...pair("part.one/x", "in a folder with a dot"),
    ["part.one/x.seg.png", red],
  ];
  expect(await (await openTar(files, { batch: 1 })).captions()).toEqual(["in a folder with a dot"]);
});

test("a caption without its image, an image without its caption and a key that comes twice are named, counted and skipped", async () => {
  const files: Files = [
    ...pair("a", "one"),
    ["b.txt", "no image"],
    ["c.png", red],
    ...pair("d", "two"),
    ...pair("e", "three"),
    ["e.txt", "again"],
  ];
  const { captions, warnings } = await openTar(files);
  expect(plain(warnings)).toEqual([
    "bad sample 1 (at most 100) is skipped: b of X.tar: it has no image",
    "bad sample 2 (at most 100) is skipped: c of X.tar: it has no caption",
    "bad sample 3 (at most 100) is skipped: e of X.tar: it has two .txt files",
  ]);
  expect(await captions()).toEqual(["one", "two", "one", "two"]);
});

test("a truncated archive gives the samples before its end, wherever it is cut", async () => {
  const files = [...pair("a", "one"), ...pair("b", "two"), ...pair("c", "three")];
  const each = 4 * 512; // of a pair: two headers, an image and a caption, each in a block of its own
  for (let cut = each; cut < 3 * each; cut += 100) {
    const { captions, warnings } = await openTar(files, {}, cut);
    const isWhole = cut % each >= each - 500;
    expect(warnings, String(cut)).toHaveLength(cut % each === 0 || isWhole ? 0 : 1);
    const pairs = Math.floor(cut / each) + Number(isWhole);
    const all = ["one", "two", "three"].slice(0, pairs);
    expect(await captions(), String(cut)).toEqual([...all, ...all, ...all, ...all].slice(0, 4));
  }
  const { warnings } = await openTar(files, {}, 3 * each - 510);
  expect(plain(warnings)).toEqual([
    "bad sample 1 (at most 100) is skipped: the end of X.tar: the archive ends inside c.txt",
  ]);
});

test("what is found to be bad when its turn comes is skipped too, and another stands in its place", async () => {
  const files: Files = [
    ...pair("a", "one"),
    ["b.png", red.subarray(0, 40)],
    ["b.txt", "no image"],
    ["c.png", red],
    ["c.json", '{"caption": "cut in t'],
    ...pair("d", "  "),
    ...pair("e", "two"),
  ];
  const { source, captions } = await openTar(files, { batch: 5 });
  const { images } = await source.batch(0);
  const told = images!.skipped!.map(({ name, reason }) => `${name}: ${reason}`);
  expect([...new Set(plain(told))].map((each) => each.replace(/\(.*\)/, "(...)"))).toEqual([
    "b of X.tar: its image cannot be decoded (...)",
    "c of X.tar: its .json file is no JSON",
    "d of X.tar: its caption is empty",
  ]);
  expect(await captions()).toEqual(["one", "two", "two", "two", "two"]);
});

test("one bad sample too many stops it, with the last one named", async () => {
  const files = [...pair("a", "one"), ...["b.txt", "c.txt", "d.txt"].map((name) => [name, "x"] as const)];
  const { warnings } = await openTar(files, { maxBad: 3 });
  expect(warnings).toHaveLength(3);
  expect(await refusal(openTar(files, { maxBad: 2 }))).toMatch(
    /^INVALID_DATA: X.tar has more than 2 bad samples \(maxBad\); the last one is d of X.tar: it has no image. Fix: .*maxBad$/,
  );
  const decoded: Files = [["a.png", "x"], ["a.txt", "x"], ["b.png", "x"], ["b.txt", "x"]]; // biome-ignore format: pairs
  const { source } = await openTar(decoded, { maxBad: 5 });
  expect(await refusal(Promise.resolve(source.batch(0)))).toMatch(
    /^INVALID_DATA: X.tar has 2 bad samples in a row, and no others; the last are [ab] of X.tar, [ab] of X.tar: its image cannot be decoded/,
  );
});

test("shards that cannot be used are refused in a sentence", async () => {
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
  write("gzip.tar", Buffer.from([0x1f, 0x8b, 8, 0]));
  write("empty.tar", "");
  write("no.tar", "x".repeat(600));
  const refusals = ["gzip.tar", "empty.tar", "no.tar", "none.tar", "{0..99999999}.tar"].map((name) =>
    refusal(open(join(folder, name), { maxBad: 0 })),
  );
  expect(await Promise.all(refusals)).toEqual([
    expect.stringMatching(/^INVALID_DATA: gzip.tar is compressed with gzip.* Fix: unpack it: gunzip gzip.tar$/),
    expect.stringMatching(/^INVALID_DATA: empty.tar has no samples: there is nothing to train on. Fix: /),
    expect.stringMatching(/^INVALID_DATA: no.tar has more than 0 bad samples .*: there is no tar header at byte 0/),
    expect.stringMatching(/^NOT_FOUND: there is no file none.tar. Fix: check the path$/),
    expect.stringMatching(/^INVALID_DATA: .* stands for more than 100000 files/),
  ]);
});
