import { expect, test } from "vitest";
import { MediaMask } from "../../src/blocks/mediaMask.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { tensor, zeros } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { LiveBlock } from "./liveBlock.ts";

/** For each image, the words that may look at it, as `x`; rows of text have `#` for a tag. */
async function mask(rows: string[], media: number, config: Record<string, unknown>): Promise<string[]> {
  const length = rows[0]!.length;
  const locations = tensor(
    Int32Array.from(rows.join(""), (letter) => (letter === "#" ? 1 : 0)),
    [rows.length, length],
    "int32",
  );
  const outputs = new LiveBlock(MediaMask, { config }).run({ locations, media: zeros([rows.length, media, 2, 3]) });
  const seen = await outputs.mask!.data();
  return rows.flatMap((_, row) =>
    Array.from({ length: media }, (_, image) =>
      Array.from({ length }, (_, at) => (seen[(row * length + at) * media + image] ? "x" : ".")).join(""),
    ),
  );
}

describeDevices("the media mask", () => {
  test("shows a word the last image at or before it", async () => {
    expect(await mask([".#..#."], 2, {})).toEqual([".xxx..", "....xx"]);
  });

  test("shows a word all images so far, where it is told to", async () => {
    expect(await mask([".#..#."], 2, { attend: "allPrevious" })).toEqual([".xxxxx", "....xx"]);
  });

  test("treats each row by itself, and leaves padding unseen", async () => {
    expect(await mask(["#..#", "...#", "...."], 2, { padded: true })).toEqual([
      "xxx.",
      "...x",
      "...x",
      "....",
      "....",
      "....",
    ]);
  });

  test.each([
    ["more tags than images", ["#..", "##."], 1, {}, 1, 2],
    ["more tags than images, padded", ["###"], 2, { padded: true }, 0, 3],
    ["more images than tags", ["##.", "#.."], 2, {}, 1, 1],
    ["no tags at all", ["..."], 1, {}, 0, 0],
  ])("refuses %s in a sentence with the row and both counts", async (_, rows, media, config, row, tags) => {
    const error = await mask(rows, media, config).catch((error: unknown) => error as FlamingoError);
    expect(error).toBeInstanceOf(FlamingoError);
    expect(error).toMatchObject({ code: "MEDIA_COUNT", details: { expected: media, actual: tags } });
    const { message } = error as FlamingoError;
    expect(message).toContain(`row ${row}`);
    expect(message).toContain(`${tags} <image> tokens`);
    expect(message).toContain(`${media} images`);
  });
});
