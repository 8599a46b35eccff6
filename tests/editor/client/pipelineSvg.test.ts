import sharp from "sharp";
import { expect, test } from "vitest";
import { pipelineSvg } from "../../../editor/client/graph/pipelineSvg.ts";
import { addGroup, addNote } from "../../../src/graph/edit/annotations.ts";
import { pipelineOfPicture } from "../../../src/pipeline/picture.ts";
import { writePipeline } from "../../../src/pipeline/schema.ts";
import { catalog, chain } from "./catalog.ts";

const paint = () => "#888888";
const hostile = "<script>&\u0000\ud800 \uffff]]>";
const noted = addNote(chain, { text: hostile, color: "yellow", size: [200, 90] }, [0, 500]).graph;
const pipeline = { ...addGroup(noted, ["encoder", "head"], { title: hostile, color: "teal" })!.graph, name: hostile };

test("a picture of a pipeline is a sound SVG of its size with all of it inside, whatever its texts are", async () => {
  const { svg, width, height } = pipelineSvg(pipeline, catalog, { paint, whole: true });
  const read = await sharp(Buffer.from(svg)).metadata();
  expect([read.format, read.width, read.height]).toEqual(["svg", width, height]);
  expect(svg).not.toContain("<script");
  for (const { label, type } of Object.values(pipeline.nodes))
    expect(svg).toContain(`>${label ?? catalog[type]!.title}<`);
  expect(svg.match(/<path d="M[^"]*C/g)).toHaveLength(chain.edges.length);
  expect(writePipeline(pipelineOfPicture(Buffer.from(svg), "a.svg"))).toBe(writePipeline(pipeline));
});

test("a small picture beside a name has no text and carries nothing", () => {
  const { svg } = pipelineSvg(pipeline, catalog, { paint: (name) => `var(--${name})` });
  expect(svg).not.toContain("metadata");
  expect(svg).not.toContain("<text");
  expect(svg).toContain("var(--surface)");
  expect(svg.match(/<path d="M[^"]*C/g)).toHaveLength(chain.edges.length);
});
