import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseCsv } from "../../src/data/imageFolder/csv.ts";
import { readImageFolder } from "../../src/data/imageFolder/imageFolder.ts";
import { splitByName } from "../../src/data/imageFolder/split.ts";
import { ImageFolder } from "../../src/data/sources/imageFolder.ts";

let folder: string;
let warnings: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-images-"));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options = { size: 8, progress: () => {}, warn: (text: string) => warnings.push(text) };
const read = () => readImageFolder(folder, options);

async function put(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), content);
}

/** A picture of one colour. */
function plain(red: number, width = 8, height = 8): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: { r: red, g: 0, b: 0 } } })
    .png()
    .toBuffer();
}

async function putImages(...files: string[]): Promise<void> {
  for (const [index, file] of files.entries()) await put(file, await plain(10 * index + 5));
}

/** What a person reads when a folder is refused; the folder's own changing name is left out. */
async function refusal(): Promise<string> {
  const error = await read().then(
    () => "it was not refused",
    (thrown: unknown) => String(thrown),
  );
  return error.replaceAll(folder, "FOLDER");
}

describe("a folder of captioned images", () => {
  test("is read from a table of semicolons or tabs, as spreadsheets write it", async () => {
    await putImages("a.png", "b.png");
    for (const separator of [";", "\t"]) {
      const rows = [
        ["file", "caption"],
        ["a.png", "a dog, asleep"],
        ["b.png", `"one${separator}two"`],
      ];
      await put("captions.csv", rows.map((row) => row.join(separator)).join("\r\n"));
      expect((await read()).map(({ captions }) => captions)).toEqual([["a dog, asleep"], [`one${separator}two`]]);
    }
  });

  test("is read from Hugging Face's metadata", async () => {
    await putImages("a.png");
    await put("metadata.jsonl", '{"file_name": "a.png", "text": "a dog", "width": 8}');
    expect((await read())[0]!.captions).toEqual(["a dog"]);
    await rm(join(folder, "metadata.jsonl"));
    await put("metadata.csv", "file_name,caption,text\na.png,a cat,something else\n");
    expect((await read())[0]!.captions).toEqual(["a cat"]);
  });

  test("has all captions of an image, also of several columns", async () => {
    await putImages("a.png", "b.png");
    await put("captions.csv", "file,caption,caption\na.png,one,two\nb.png,,three\n");
    expect((await read()).map(({ captions }) => captions)).toEqual([["one", "two"], ["three"]]);
  });

  test("finds a file whose accents are written in another way", async () => {
    const [composed, decomposed] = ["caf\u00e9.png", "cafe\u0301.png"];
    for (const [onDisk, named] of [
      [decomposed, composed],
      [composed, decomposed],
    ] as const) {
      await putImages(onDisk);
      await put("captions.csv", `file,caption\n${named},coffee\n`);
      expect(await read()).toMatchObject([{ file: onDisk, captions: ["coffee"] }]);
      await rm(join(folder, onDisk));
    }
    expect(warnings).toEqual([]);
  });

  test("names files that are there and of a kind that it cannot read", async () => {
    await putImages("a.png");
    await put("b.bmp", "BM");
    await put("captions.csv", "file,caption\na.png,cat\nb.bmp,dog\nc.bmp,cow\n");
    await read();
    expect(warnings).toEqual([
      "1 of 3 files are named in captions.csv but are not there and are left out: c.bmp (line 4)",
      expect.stringMatching(
        /^1 of 3 files are of a kind that cannot be read \(.png, .* can\) and are left out: b.bmp \(line 3\)$/,
      ),
    ]);
  });

  test("with a quote that never ends is refused in a moment, however large", async () => {
    await putImages("a.png");
    await put("captions.csv", `file,caption\na.png,"${"a cat\n".repeat(1_600_000)}`);
    expect(await refusal()).toMatch(/^INVALID_DATA: line 2 of .* double quote that does not close its field/);
  });

  test("is read by captions.jsonl or captions.csv alike", async () => {
    await putImages("a.png", "b.png");
    await put(
      "captions.jsonl",
      '{"file": "b.png", "caption": "a dog, asleep"}\n\n{"file": "./a.png", "caption": "cat", "more": 1}',
    );
    const fromJson = await read();
    expect(fromJson.map(({ file, captions }) => [file, captions])).toEqual([
      ["a.png", ["cat"]],
      ["b.png", ["a dog, asleep"]],
    ]);
    await rm(join(folder, "captions.jsonl"));
    await put("captions.csv", '\uFEFFid,Caption,file\r\n1,"a dog, asleep",b.png\r\n\r\n2,cat,a.png\r\n');
    expect(await read()).toEqual(fromJson);
    expect(warnings).toEqual([]);
  });

  test("may have folders in it, and several captions for an image", async () => {
    await putImages("dogs/1.PNG", "cats/1.png");
    await put("captions.csv", "file,caption\ndogs\\1.PNG,a dog\ncats/1.png,a cat\ndogs/1.PNG,an animal\n");
    expect((await read()).map(({ file, captions }) => [file, captions])).toEqual([
      ["cats/1.png", ["a cat"]],
      ["dogs/1.PNG", ["a dog", "an animal"]],
    ]);
  });

  test("what does not fit together is named, counted and left out", async () => {
    await putImages("a.png", "b.png", "c.png", "d.png");
    await put("broken.jpg", "no picture at all");
    await put("cut.png", (await plain(9, 64, 64)).subarray(0, 90));
    const files = ["a.png", "b.png", "broken.jpg", "cut.png", "lost.png"];
    await put("captions.csv", ["file,caption", ...files.map((file) => `${file},a ${file}`), "d.png,"].join("\n"));
    expect((await read()).map(({ file }) => file)).toEqual(["a.png", "b.png"]);
    expect(warnings).toEqual([
      "1 of 6 files are named in captions.csv but are not there and are left out: lost.png (line 6)",
      "2 of 6 images have no caption and are left out: c.png, d.png",
      expect.stringMatching(/^2 of 4 images cannot be decoded and are left out: broken.jpg \(.+\), cut.png \(.+\)$/),
    ]);
  });
});

describe("a folder that cannot be used is refused in one clear line", () => {
  test("no folder", async () => {
    await rm(folder, { recursive: true });
    expect(await refusal()).toMatchInlineSnapshot(
      `"NOT_FOUND: there is no folder FOLDER. Fix: name the folder that holds the images and their captions.jsonl or captions.csv"`,
    );
  });

  test("no images", async () => {
    await put("captions.csv", "file,caption\na.png,cat\n");
    expect(await refusal()).toMatchInlineSnapshot(
      `"NO_IMAGES: FOLDER holds no images. Fix: put .png, .jpg, .jpeg, .webp, .gif, .avif, .tif, .tiff, .svg files there, each named in captions.jsonl or captions.csv"`,
    );
  });

  test("no image that can be used", async () => {
    await put("a.png", "no picture");
    await put("captions.csv", "file,caption\na.png,cat\n");
    expect(await refusal()).toMatchInlineSnapshot(
      `"NO_IMAGES: FOLDER holds no image that has a caption and can be decoded (images: 1). Fix: put .png, .jpg, .jpeg, .webp, .gif, .avif, .tif, .tiff, .svg files there, each named in captions.jsonl or captions.csv"`,
    );
  });

  test("no captions, two caption files, an empty one", async () => {
    await putImages("a.png");
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: FOLDER holds neither captions.jsonl nor captions.csv. Fix: write one of them, with a file and a caption on each line"`,
    );
    await put("captions.csv", "");
    expect(await refusal()).toMatchInlineSnapshot(
      `"MISSING_COLUMN: FOLDER/captions.csv has no column "file"; it has nothing. Fix: name it in the first line: file,caption"`,
    );
    await put("captions.csv", "file,caption\n");
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: FOLDER/captions.csv has no captions. Fix: write a line with a file and a caption for each image"`,
    );
    await put("captions.jsonl", "");
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: FOLDER holds both captions.jsonl and captions.csv. Fix: keep one of them"`,
    );
  });

  test("a missing column", async () => {
    await putImages("a.png");
    await put("captions.csv", "image,caption\na.png,cat\n");
    expect(await refusal()).toMatchInlineSnapshot(
      `"MISSING_COLUMN: FOLDER/captions.csv has no column "file"; it has "image", "caption". Fix: name it in the first line: file,caption"`,
    );
    await put("captions.csv", "file caption\na.png cat\n");
    expect(await refusal()).toMatchInlineSnapshot(
      `"MISSING_COLUMN: FOLDER/captions.csv has no column "file"; it has "file caption". Fix: name it in the first line: file,caption"`,
    );
    await rm(join(folder, "captions.csv"));
    await put("captions.jsonl", '{"file": "a.png", "words": "cat"}\n');
    expect(await refusal()).toMatchInlineSnapshot(
      `"MISSING_COLUMN: line 1 of FOLDER/captions.jsonl has no column "caption"; it has "file", "words". Fix: write each line as {"file": "1.png", "caption": "a dog"}"`,
    );
  });

  test("a broken line", async () => {
    await putImages("a.png");
    await put("captions.csv", 'file,caption\na.png,"two\nlines"\na.png,a cat, asleep\n');
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: line 4 of FOLDER/captions.csv has 3 fields, its first line has 2. Fix: put a caption that has commas in double quotes"`,
    );
    await put("captions.csv", 'file,caption\na.png,"a cat\n');
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: line 2 of FOLDER/captions.csv has a double quote that does not close its field. Fix: put the whole field in double quotes, and double those inside it: "a ""big"" dog""`,
    );
    await put("captions.csv", new Uint8Array([0x66, 0xff, 0xfe]));
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: FOLDER/captions.csv is not UTF-8 text. Fix: save it as UTF-8"`,
    );
    await rm(join(folder, "captions.csv"));
    await put("captions.jsonl", '{"file": "a.png", "caption": "cat"}\n{"file": \n');
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: line 2 of FOLDER/captions.jsonl is no JSON object. Fix: write each line as {"file": "1.png", "caption": "a dog"}"`,
    );
    await put("captions.jsonl", '{"file": "a.png", "caption": 7}\n');
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: line 1 of FOLDER/captions.jsonl needs text for both file and caption. Fix: name a file and say what it shows"`,
    );
  });

  test("a file outside the folder, by its path or by a link", async () => {
    await putImages("a.png");
    const outside = await mkdtemp(join(tmpdir(), "flamingo-outside-"));
    await writeFile(join(outside, "b.png"), await plain(1));
    for (const file of ["../b.png", "x/../../b.png", "..\\b.png", join(outside, "b.png")]) {
      await put("captions.csv", `file,caption\n${file},cat\n`);
      expect(await refusal()).toContain("is no path inside the folder");
    }
    await symlink(join(outside, "b.png"), join(folder, "link.png"));
    await put("captions.csv", "file,caption\na.png,cat\nlink.png,cat\n");
    expect(await refusal()).toMatchInlineSnapshot(
      `"INVALID_DATA: line 3 of FOLDER/captions.csv names link.png, which is no path inside the folder. Fix: name files by their path inside the folder, such as dogs/1.png"`,
    );
    await rm(outside, { recursive: true });
  });
});

describe("comma-separated text", () => {
  test("fields hold commas, quotes and line breaks, and rows know their line", () => {
    const text = 'a,"b ""c"", d","two\r\nlines"\r\n\r\n,,x\n5" disk,,';
    expect(parseCsv(text, "it")).toEqual([
      { line: 1, fields: ["a", 'b "c", d', "two\r\nlines"] },
      { line: 4, fields: ["", "", "x"] },
      { line: 5, fields: ['5" disk', "", ""] },
    ]);
  });
});

describe("what is held out", () => {
  const files = Array.from({ length: 50 }, (_, index) => ({ file: `${index}.png` }));

  test("nothing is on both sides, nothing is lost, and the share is about as asked", () => {
    const { train, heldOut } = splitByName(files, 0.2);
    expect([...train, ...heldOut].map(({ file }) => file).sort()).toEqual(files.map(({ file }) => file).sort());
    expect(heldOut.length).toBeGreaterThan(3);
    expect(heldOut.length).toBeLessThan(20);
  });

  test("images that are added later move none to the other side", () => {
    const before = splitByName(files, 0.2);
    const after = splitByName([...files, ...files.map(({ file }) => ({ file: `more/${file}` }))], 0.2);
    expect(after.heldOut).toEqual(expect.arrayContaining(before.heldOut));
    expect(after.train).toEqual(expect.arrayContaining(before.train));
  });

  test("each side gets one at least, and one image alone is trained on", () => {
    expect([0.01, 0.9].map((share) => splitByName(files.slice(0, 2), share).heldOut.length)).toEqual([1, 1]);
    expect(splitByName(files.slice(0, 1), 0.5)).toEqual({ train: files.slice(0, 1), heldOut: [] });
    expect(splitByName(files, 0).heldOut).toEqual([]);
  });
});

describe("ImageFolder", () => {
  const open = (config: object = {}) =>
    ImageFolder.open(ImageFolder.config.parse({ folder, batch: 6, imageSize: 8, heldOut: 0.4, ...config }), {
      seed: 3,
      cache: folder,
      progress: () => {},
      warn: (text) => warnings.push(text),
    });

  beforeEach(async () => {
    await putImages("a.png", "b.png", "c.png", "d.png", "e.png");
    const captions = ["a cat", "a dog", "red house", "a rocket facing left", "pizza"];
    const lines = captions.map((caption, index) => JSON.stringify({ file: `${"abcde"[index]}.png`, caption }));
    await put("captions.jsonl", lines.join("\n"));
  });

  test("trains on no image that it judges with", async () => {
    const { batch, evaluationSets } = await open();
    const red = (pixels: ArrayLike<number>) => Math.round((pixels[0]! + 1) * 127.5);
    const judged = new Set(evaluationSets![0]!.examples(99).map(({ media }) => red(media[0]!.pixels)));
    const trained = new Set<number>();
    for (let index = 0; index < 20; index++) {
      const { data } = batch(index).images!;
      for (let at = 0; at < data.length; at += 8 * 8 * 3) trained.add(red(data.subarray(at, at + 3)));
    }
    expect(judged.size).toBeGreaterThan(0);
    expect(new Set([...trained, ...judged]).size).toBe(5);
    expect([...judged].filter((each) => trained.has(each))).toEqual([]);
  });

  test("a batch is a pure function of the seed and its number", async () => {
    const [first, second] = [await open(), await open()];
    const later = first.batch(7);
    first.batch(8);
    expect(second.batch(7)).toEqual(later);
    expect(first.batch(7)).toEqual(later);
    expect(first.batch(8)).not.toEqual(later);
  });

  test("where nothing is held out, there is still something to look at, and nothing to judge held-out images with", async () => {
    const { samples, evaluationSets } = await open({ heldOut: 0 });
    expect(samples).toHaveLength(5);
    expect(evaluationSets!.map(({ name }) => name)).toEqual(["trained"]);
  });

  test("examples have their own caption among the candidates, once", async () => {
    const { evaluationSets } = await open();
    for (const { captions, candidates, right } of evaluationSets![0]!.examples(99)) {
      expect(candidates![right!]).toBe(captions![0]);
      expect(candidates!.filter((each) => each === captions![0])).toHaveLength(1);
      expect(candidates).toHaveLength(5);
    }
  });

  test("labels are cut off where captions are", async () => {
    const { evaluationSets, tokenizer } = await open({ longest: 1 });
    for (const { captions, candidates, right } of evaluationSets!.flatMap(({ examples }) => examples(99))) {
      expect(tokenizer!.encode(captions![0]!)).toHaveLength(1);
      expect(candidates![right!]).toBe(captions![0]);
    }
  });

  test("captions of any script are read as they are written; those that are cut off are told", async () => {
    const captions = ["緑色の四角形", "a fox 🦊", "Ein großes Haus"];
    await put(
      "captions.jsonl",
      captions.map((caption, at) => JSON.stringify({ file: `${"abc"[at]}.png`, caption })).join("\n"),
    );
    const { batch, tokenizer } = await open();
    const { image, endOfChunk } = tokenizer!.special;
    const ids = [...batch(0).ids!.data];
    const written = ids.flatMap((id, at) =>
      id === image ? [tokenizer!.decode(ids.slice(at + 1, ids.indexOf(endOfChunk, at)))] : [],
    );
    expect(written.filter((caption) => !captions.includes(caption))).toEqual([]);
    await open({ longest: 3 });
    expect(warnings.at(-1)).toMatch(/^\d of 3 captions are longer than 3 tokens and are cut off$/);
  });

  test("words that the words of emoji lack are told; a folder of nothing else is refused", async () => {
    await put("captions.jsonl", '{"file": "a.png", "caption": "a zyzzyva cat"}\n{"file": "b.png", "caption": "a dog"}');
    await open({ tokenizer: "words" });
    expect(warnings.at(-1)).toBe("1 of 4 words are not in the language model's vocabulary: zyzzyva");
    await put("captions.jsonl", '{"file": "a.png", "caption": "zyzzyva"}');
    await expect(open({ tokenizer: "words" })).rejects.toThrow(
      "1 of 1 words are not in the language model's vocabulary: zyzzyva",
    );
  });
});

describe("a folder that is looked at before a run", () => {
  const look = (heldOut = 0.1, tokenizer = "bytes") =>
    ImageFolder.findings!(ImageFolder.config.parse({ folder, heldOut, tokenizer }));

  test("tells how many images and captions there are, and how few are held out", async () => {
    const files = Array.from({ length: 30 }, (_, at) => `${at}.png`);
    await putImages(...files);
    await put("captions.jsonl", files.map((file) => JSON.stringify({ file, caption: "a red heart" })).join("\n"));
    const { facts, warnings } = await look();
    expect(facts[0]).toBe("30 images, 30 captions");
    const held = Number(/(\d+) held out/.exec(facts[1]!)![1]);
    expect(facts[1]).toBe(`${30 - held} to train on, ${held} held out`);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^\d of 30 images are held out: .* too wide to say anything/);
    expect((await look(0.9)).warnings).toEqual([]);
    expect((await look(0)).warnings).toEqual([]);
  });

  test("names the words that the model cannot say", async () => {
    await putImages("a.png", "b.png");
    await put("captions.csv", "file,caption\na.png,a zyzzyva\nb.png,red heart");
    expect((await look(0, "words")).warnings).toEqual([expect.stringMatching(/^1 of 4 words .*: zyzzyva$/)]);
  });

  test("that is not there, or has no captions, is refused at once", async () => {
    const nowhere = ImageFolder.config.parse({ folder: join(folder, "nowhere") });
    await expect(ImageFolder.findings!(nowhere)).rejects.toThrow("there is no folder");
    await putImages("a.png");
    await expect(look()).rejects.toThrow("neither captions.jsonl nor captions.csv");
  });
});
