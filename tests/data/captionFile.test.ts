import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { formatFile } from "./dataFormats.ts";
import { openFormat } from "./openFormat.ts";

let folder = "";
const folders: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flamingo-captions-"));
  folders.push(folder);
});
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

const inOrder = { batch: 4, media: 1, imageSize: 8, heldOut: 0, mirror: false, shuffle: 1 };

function open(file: string, config: Record<string, unknown> = {}) {
  return openFormat("CaptionFile", { ...inOrder, file, ...config });
}

/** Opens a caption file with these contents beside the images a.png, b.png, ... */
async function openText(name: string, text: string, config: Record<string, unknown> = {}) {
  for (const image of ["a", "b", "c"]) await put(`${image}.png`, colour("#f00"));
  writeFileSync(join(folder, name), text);
  return open(join(folder, name), config);
}

function colour(background: string, width = 6, height = 6) {
  return sharp({ create: { width, height, channels: 3, background } });
}

async function put(name: string, image: Sharp): Promise<void> {
  await image.toFile(join(folder, name));
}

const plain = (texts: readonly string[]) => texts.map((text) => text.replaceAll(`${folder}/`, ""));

describe("captions", () => {
  test("of COCO, of JSON lines and of tables are read, with all captions of an image", async () => {
    const coco = await open(formatFile("coco/captions.json"), { images: formatFile("coco/images"), batch: 24 });
    const said = [...(await coco.captions(0)), ...(await coco.captions(1)), ...(await coco.captions(2))];
    expect(new Set(said.filter((_, at) => at % 24 === 0))).toEqual(new Set(["a red square", "square, red"]));
    expect((await (await open(formatFile("clip.tsv"))).captions()).slice(0, 3)).toEqual([
      "a red square",
      "a red circle",
      "a blue square",
    ]);
    const lines = '{"file": "a.png", "caption": "one"}\n\n{"file_name": "b.png", "text": "two"}\r\n';
    expect(await (await openText("x.jsonl", lines)).captions()).toEqual(["one", "two", "one", "two"]);
    expect(await (await openText("x.csv", 'file,caption\na.png,"one, or so"\n')).captions()).toContain("one, or so");
  });

  test("that are broken are named, counted and skipped: a JSON line cut in two, an image that is not there, no caption", async () => {
    const text = [
      '{"file": "a.png", "caption": "one"}',
      '{"file": "b.png", "cap',
      'tion": "two"}',
      '{"file": "gone.png", "caption": "three"}',
      '{"file": "c.png", "caption": " "}',
      '{"caption": "four"}',
      "[]",
    ].join("\n");
    const { warnings, captions, skipped } = await openText("x.jsonl", text);
    expect(warnings).toEqual([
      "bad sample 1 (at most 100) is skipped: line 2 of x.jsonl: it is no JSON",
      "bad sample 2 (at most 100) is skipped: line 3 of x.jsonl: it is no JSON",
      "bad sample 3 (at most 100) is skipped: line 5 of x.jsonl: it has no caption",
      "bad sample 4 (at most 100) is skipped: line 6 of x.jsonl: it names no file",
      "bad sample 5 (at most 100) is skipped: line 7 of x.jsonl: it is no JSON object",
    ]);
    expect(plain(await skipped())).toEqual(["gone.png: its image is not there"]);
    expect(await captions()).toEqual(["one", "one", "one", "one"]);
  });

  test("of files outside the folder are skipped", async () => {
    const text = "file,caption\n../a.png,one\n/etc/passwd,two\na.png,three\n";
    const { warnings, captions } = await openText("x.csv", text);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/\.\.\/a\.png: it is no path inside/);
    expect(new Set(await captions())).toEqual(new Set(["three"]));
  });

  test("of COCO that do not fit together are named", async () => {
    const coco = {
      images: [{ id: 1, file_name: "a.png" }, { id: 2, file_name: "b.png" }, { id: 3 }],
      annotations: [{ image_id: 1, caption: "one" }, { image_id: 9, caption: "nine" }, { image_id: 1 }],
    };
    const { warnings } = await openText("x.json", JSON.stringify(coco));
    expect(warnings.map((each) => each.replace(/.* is skipped: /, ""))).toEqual([
      "image 2 of x.json: it has no file_name",
      "annotation 1 of x.json: its image 9 is not among the images",
      "annotation 2 of x.json: it has no caption",
      "b.png of x.json: it has no caption",
    ]);
  });

  test("that cannot be used at all are refused in a sentence", async () => {
    await expect(openText("x.json", '{"images": [')).rejects.toThrow(/x.json is no JSON/);
    await expect(openText("x.json", "[]")).rejects.toThrow(/x.json has no lists "images" and "annotations"/);
    await expect(openText("x.csv", "name,words\na,b\n")).rejects.toThrow(/has no column "file"; it has name, words/);
    await expect(openText("x.csv", "file,caption\n")).rejects.toThrow(/has no samples/);
    await expect(open(join(folder, "none.csv"))).rejects.toThrow(/there is no file .*none.csv/);
  });

  test("of 10,000 words are cut off where the configuration says", async () => {
    const { source, captions } = await openText("x.csv", `file,caption\na.png,${"word ".repeat(10_000)}\n`, {
      longest: 7,
    });
    expect((await captions())[0]).toBe("word word word word word word word");
    expect((await source.batch(0)).ids!.shape).toEqual([4, 1 + 1 + 7 + 1]);
    const heldOut = await openText("y.csv", `file,caption\na.png,one\nb.png,${"word ".repeat(10_000)}\n`, {
      ...{ longest: 3, heldOut: 0.9 },
    });
    expect(heldOut.source.samples!.length).toBeGreaterThan(0);
  });
});

describe("images", () => {
  /** The pixels of one image, as [size, size, 3] in 0 to 255. */
  async function pixelsOf(name: string, config: Record<string, unknown> = {}): Promise<number[]> {
    writeFileSync(join(folder, "images.csv"), `file,caption\n${name},x\n`);
    const { source } = await open(join(folder, "images.csv"), { batch: 1, imageSize: 4, ...config });
    return [...(await source.batch(0)).images!.data].map((value) => Math.round((value + 1) * 127.5));
  }

  const near = (found: number[], expected: number[]) => {
    expect(found.length % expected.length).toBe(0);
    for (const [at, value] of found.entries())
      expect(Math.abs(value - expected[at % expected.length]!)).toBeLessThan(6);
  };

  test("with 16 bits a channel, a palette, grey or an alpha channel have the colours that they show", async () => {
    await put("deep.png", colour("#804020").toColourspace("rgb16").png());
    expect((await sharp(join(folder, "deep.png")).metadata()).depth).toBe("ushort");
    near(await pixelsOf("deep.png"), [0x80, 0x40, 0x20]);
    await put("palette.png", colour("#804020").png({ palette: true }));
    expect((await sharp(join(folder, "palette.png")).metadata()).isPalette).toBe(true);
    near(await pixelsOf("palette.png"), [0x80, 0x40, 0x20]);
    await put("grey.png", colour("#808080").toColourspace("b-w").png());
    near(await pixelsOf("grey.png"), [0x80, 0x80, 0x80]);
    await put("grey16.png", colour("#808080").toColourspace("grey16").png());
    near(await pixelsOf("grey16.png"), [0x80, 0x80, 0x80]);
    await put("clear.png", sharp({ create: { width: 4, height: 4, channels: 4, background: "#ff000080" } }).png());
    near(await pixelsOf("clear.png"), [255, 127, 127]); // on white
  });

  test("in CMYK have nearly the colours that they were made from", async () => {
    await put("cmyk.jpg", colour("#c08040", 32, 32).toColourspace("cmyk").jpeg({ quality: 100 }));
    expect((await sharp(join(folder, "cmyk.jpg")).metadata()).space).toBe("cmyk");
    const [red, green, blue] = (await pixelsOf("cmyk.jpg")) as [number, number, number];
    for (const [found, expected] of [[red, 0xc0], [green, 0x80], [blue, 0x40]] as const) // biome-ignore format: pairs
      expect(Math.abs(found - expected)).toBeLessThan(24);
  });

  test("that are turned by EXIF stand upright", async () => {
    const pixels = Buffer.from([255, 0, 0, 0, 0, 255]); // red, blue
    const image = sharp(pixels, { raw: { width: 2, height: 1, channels: 3 } });
    await put(
      "turned.png",
      image.resize(4, 4, { kernel: "nearest", fit: "fill" }).withMetadata({ orientation: 6 }).png(),
    );
    const found = await pixelsOf("turned.png"); // a quarter to the right: red is on top
    near(found.slice(0, 12), [255, 0, 0]);
    near(found.slice(-12), [0, 0, 255]);
  });

  test("without width or height, and what is no image, are skipped by name", async () => {
    await put("a.png", colour("#f00"));
    const png = readFileSync(join(folder, "a.png"));
    png.writeUInt32BE(0, 16);
    writeFileSync(join(folder, "c.png"), png);
    writeFileSync(join(folder, "d.svg"), '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="4"/>');
    writeFileSync(join(folder, "e.jpg"), "no image");
    writeFileSync(join(folder, "x.csv"), "file,caption\na.png,a\nc.png,c\nd.svg,d\ne.jpg,e\n");
    const { skipped, captions } = await open(join(folder, "x.csv"), { batch: 5 });
    expect(plain(await skipped()).map((each) => each.replace(/\(.*\)/, "(...)"))).toEqual(
      ["c.png", "d.svg", "e.jpg"].map((name) => `${name}: its image cannot be decoded (...)`),
    );
    expect(new Set(await captions())).toEqual(new Set(["a"]));
  });

  test("a thousand times as wide as high leave a line", async () => {
    await put("wide.png", colour("#ff0000", 4000, 4));
    near(await pixelsOf("wide.png"), [255, 0, 0]);
  });
});

describe("videos", () => {
  const rainbow = ["#ff0000", "#00ff00", "#0000ff", "#ffffff"];
  const colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]; // biome-ignore format: a row

  async function putFrames(name: string): Promise<void> {
    mkdirSync(join(folder, name));
    for (const [at, each] of rainbow.entries()) await put(`${name}/${at}.png`, colour(each));
  }

  /** The colour of each frame of a video. */
  async function framesOf(file: string, frames: number): Promise<number[][]> {
    writeFileSync(join(folder, "videos.csv"), `file,caption\n${file},x\n`);
    const { source } = await open(join(folder, "videos.csv"), { batch: 1, imageSize: 4, frames });
    const { shape, data } = (await source.batch(0)).images!;
    expect(shape).toEqual([1, 1, frames, 4, 4, 3]);
    const each = 4 * 4 * 3;
    return Array.from({ length: frames }, (_, frame) =>
      [...data.subarray(frame * each, frame * each + 3)].map((value) => Math.round((value + 1) * 127.5)),
    );
  }

  test("are folders of frames, or animated GIF and WebP files, from which frames are taken at even distances", async () => {
    await putFrames("film");
    const pages = await Promise.all(rainbow.map((each) => colour(each).png().toBuffer()));
    await put("film.gif", sharp(pages, { join: { animated: true } }).gif());
    await put("film.webp", sharp(pages, { join: { animated: true } }).webp({ lossless: true }));
    for (const file of ["film", "film.gif", "film.webp"]) {
      expect(await framesOf(file, 4), file).toEqual(colours);
      expect(await framesOf(file, 2), file).toEqual([colours[0], colours[2]]);
      expect(await framesOf(file, 8), file).toEqual(colours.flatMap((each) => [each, each]));
    }
  });

  test("of one frame, animated or not, stand still", async () => {
    await put("one.gif", colour("#ff0000").gif());
    await put("one.png", colour("#ff0000").png());
    for (const file of ["one.gif", "one.png"]) expect(await framesOf(file, 3)).toEqual([0, 0, 0].map(() => colours[0]));
  });

  test("are shown as images by their first frame", async () => {
    const pages = await Promise.all(rainbow.map((each) => colour(each).png().toBuffer()));
    await put("film.gif", sharp(pages, { join: { animated: true } }).gif());
    expect(await framesOf("film.gif", 1)).toEqual([colours[0]]);
  });

  test("of no frames are skipped by name", async () => {
    await putFrames("film");
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "x.csv"), "file,caption\nempty,none\nfilm,some\n");
    for (const frames of [4, 1]) {
      const { skipped, captions } = await open(join(folder, "x.csv"), { frames });
      expect(plain(await skipped())).toEqual(["empty: its image cannot be decoded (it has no frames)"]);
      expect(new Set(await captions())).toEqual(new Set(["some"]));
    }
  });
});
