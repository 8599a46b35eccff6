import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { pipelineElement, pipelineOfPicture, pngWithPipeline } from "../../src/pipeline/picture.ts";
import { type Pipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { whole } from "./toyCatalog.ts";

const png = await sharp({ create: { width: 3, height: 2, channels: 3, background: "#fff" } })
  .png()
  .toBuffer();
const pipelines = fc
  .tuple(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 40 }))
  .map(([name, description]): Pipeline => ({ ...whole, name, description }));

const svgOf = (content: string) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${content}<path d="M0 0"/></svg>`);

describe("a picture that carries a pipeline", () => {
  test("gives it back byte for byte, whatever its texts are: PNG and SVG", () => {
    fc.assert(
      fc.property(pipelines, (pipeline) => {
        const text = writePipeline(pipeline);
        expect(writePipeline(pipelineOfPicture(pngWithPipeline(png, pipeline), "a.png"))).toBe(text);
        expect(writePipeline(pipelineOfPicture(svgOf(pipelineElement(pipeline)), "a.svg"))).toBe(text);
      }),
    );
  });

  test("is a picture like any other", async () => {
    const pixels = (bytes: Uint8Array) => sharp(bytes).raw().toBuffer();
    expect(await pixels(pngWithPipeline(png, whole))).toEqual(await pixels(png));
  });

  const carrying = pngWithPipeline(png, whole);
  const turned = carrying.map((byte, at) => (at === 90 ? byte ^ 1 : byte));
  test.each([
    ["a PNG without one", png, /a\.png is a picture without a pipeline in it/],
    ["an SVG without one", svgOf(""), /a picture without a pipeline in it/],
    ["a PNG that was cut off", carrying.subarray(0, 100), /ends in the middle/],
    ["an SVG that was cut off", svgOf(pipelineElement(whole)).subarray(0, 200), /ends in the middle/],
    ["a byte that was turned", turned, /damaged/],
    ["no picture", Buffer.from("GIF89a"), /neither a PNG nor an SVG/],
    ["bytes that are no text", Buffer.from([0x3c, 0xff, 0xfe]), /not UTF-8/],
    ["another thing in its place", svgOf(pipelineElement({ format: "x" } as never)), /no pipeline/],
  ])("is refused in one sentence: %s", (_, bytes, message) => {
    const refusal = refusalOf(() => pipelineOfPicture(bytes, "a.png"));
    expect(refusal).toMatchObject({ code: "INVALID_PIPELINE", message: expect.stringMatching(message) });
    expect(refusal.message).not.toContain("\n");
    expect(refusal.fix).toMatch(/\S/);
  });
});
