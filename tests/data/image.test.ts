import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeImage, encodePng, toUnit } from "../../src/data/pixels.ts";

/** A picture of one colour. */
function plain(red: number, width = 8, height = 8): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: { r: red, g: 0, b: 0 } } })
    .png()
    .toBuffer();
}

describe("an image", () => {
  test("keeps its aspect ratio, in the middle, with its mean colour around", async () => {
    const halves = await sharp(await plain(200, 40, 10))
      .composite([{ input: await plain(100, 20, 10), left: 0, top: 0 }])
      .png()
      .toBuffer();
    const pixels = await decodeImage(halves, 8);
    const red = Array.from({ length: 64 }, (_, at) => pixels[at * 3]!);
    const padding = red.filter((_, at) => at < 24 || at >= 40);
    expect(new Set(padding)).toEqual(new Set([150]));
    expect([red[24], red[31], red[32], red[39]]).toEqual([100, 200, 100, 200]);
  });

  test("stands upright as its camera says, and white where it is transparent", async () => {
    const twoColours = sharp(await plain(200, 8, 8)).composite([{ input: await plain(100, 4, 8), left: 0, top: 0 }]);
    const turned = await sharp(await twoColours.png().toBuffer())
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const pixels = await decodeImage(turned, 8);
    expect([pixels[0], pixels[7 * 8 * 3]]).toEqual([100, 200]);
    const clear = { width: 4, height: 4, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } };
    expect(new Set(await decodeImage(await sharp({ create: clear }).png().toBuffer(), 4))).toEqual(new Set([255]));
  });

  test("may be grey, with 16 bits, a JPEG, a WebP or an SVG", async () => {
    const grey = sharp(await plain(90)).toColourspace("b-w");
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="#5a0000"/></svg>';
    const files = [
      await grey.clone().png().toBuffer(),
      await sharp(await plain(90))
        .toColourspace("rgb16")
        .png()
        .toBuffer(),
      await sharp(await plain(90))
        .jpeg({ quality: 100 })
        .toBuffer(),
      await sharp(await plain(90))
        .webp({ lossless: true })
        .toBuffer(),
      Buffer.from(svg),
    ];
    for (const [index, file] of files.entries()) {
      const pixels = await decodeImage(file, 4);
      expect(pixels).toHaveLength(48);
      expect(Math.abs(pixels[0]! - (index === 0 ? pixels[2]! : 90))).toBeLessThan(3);
    }
  });

  test("in print colours becomes one in screen colours", async () => {
    const white = { width: 6, height: 6, channels: 3 as const, background: { r: 255, g: 255, b: 255 } };
    const print = await sharp({ create: white }).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(print).metadata()).space).toBe("cmyk");
    const pixels = await decodeImage(print, 4);
    expect(pixels).toHaveLength(48);
    expect(Math.min(...pixels)).toBeGreaterThan(250);
  });

  test("that is an animation is its first picture", async () => {
    const animation = await sharp([await plain(200), await plain(0)], { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(animation).metadata()).pages).toBe(2);
    expect([...(await decodeImage(animation, 4)).subarray(0, 3)]).toEqual([200, 0, 0]);
  });

  test("that is grey and half transparent is laid on white", async () => {
    const half = { width: 6, height: 6, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0.5 } };
    const grey = await sharp({ create: half }).toColourspace("b-w").png().toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(2);
    for (const value of await decodeImage(grey, 4)) expect(Math.abs(value - 127)).toBeLessThan(3);
  });

  test("of a single line of pixels is there, with its mean colour around", async () => {
    const pixels = await decodeImage(await plain(90, 1000, 1), 4);
    for (let at = 0; at < pixels.length; at += 3) expect([...pixels.subarray(at, at + 3)]).toEqual([90, 0, 0]);
  });

  test.each([
    ["text", Buffer.from("no picture at all")],
    ["nothing", new Uint8Array()],
  ])("that is %s is refused", async (_what, bytes) => {
    await expect(decodeImage(bytes, 4)).rejects.toThrow();
  });
});

test("pixels go from bytes to -1 .. 1 and back through a PNG without loss", async () => {
  const bytes = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => at % 256);
  const unit = toUnit(bytes);
  expect([Math.min(...unit), Math.max(...unit)]).toEqual([-1, 1]);
  expect(await decodeImage(await encodePng(unit, 16), 16)).toEqual(bytes);
});
