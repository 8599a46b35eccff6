import { z } from "zod";
import { type Listed, makeCatalog } from "../../src/core/catalog.ts";
import { count } from "../../src/core/configFields.ts";
import { float32, int32, optional, type Ports } from "../../src/core/port.ts";
import type { GraphEdge } from "../../src/graph/graph.ts";
import { type Pipeline, pipelineVersion } from "../../src/pipeline/schema.ts";

function entry(name: string, kind: Listed["kind"], config: z.ZodRawShape, inputs: Ports, outputs: Ports): Listed {
  const words = { name, title: name, summary: `${name}.`, category: "Tensor" as const };
  return { ...words, kind, config: z.strictObject(config), inputs, outputs };
}

const size = (fallback: number) => count("Size", "A size.").default(fallback);

/** A few entries that have all that matters to wires: names, arithmetic, `...lead`, number types, optional inputs. */
export const toyCatalog = makeCatalog([
  entry(
    "Pictures",
    "source",
    { batch: size(2), side: size(16) },
    {},
    { images: float32("batch side side 3", "pictures"), ids: int32("batch length", "words") },
  ),
  entry(
    "Encode",
    "primitive",
    { side: size(16), patch: size(4), dim: size(8) },
    { images: float32("batch side side 3", "pictures") },
    { features: float32("batch (side/patch)*(side/patch) dim", "features") },
  ),
  entry(
    "Embed",
    "primitive",
    { dim: size(8) },
    { ids: int32("batch length", "words") },
    { x: float32("batch length dim", "x") },
  ),
  entry(
    "Widen",
    "primitive",
    { inDim: size(8), outDim: size(16) },
    { x: float32("...lead inDim", "vectors") },
    { y: float32("...lead outDim", "vectors") },
  ),
  entry(
    "Sum",
    "primitive",
    {},
    { a: float32("...shape", "a summand"), b: float32("...shape", "another") },
    { sum: float32("...shape", "the sum") },
  ),
  entry(
    "Join",
    "primitive",
    {},
    { first: float32("...lead a dim", "a sequence"), second: float32("...lead b dim", "another") },
    { joined: float32("...lead a+b dim", "both") },
  ),
  entry(
    "Grid",
    "primitive",
    {},
    { x: float32("...lead height width dim", "a grid") },
    { places: float32("...lead height*width dim", "its places") },
  ),
  entry(
    "Read",
    "composite",
    { dim: size(8) },
    { x: float32("batch length dim", "words"), media: optional(float32("batch places dim", "what they see")) },
    { loss: float32("", "surprise") },
  ),
  entry("Train", "action", { steps: size(10) }, { loss: float32("", "what to lower") }, {}),
  entry("Look", "action", {}, { x: float32("...shape", "what to look at") }, {}),
]);

/** A pipeline from its nodes' types by id, or their types and configurations, and wires such as `pictures.ids > embed.ids`. */
export function pipelineOf(
  nodes: Record<string, string | [type: string, config: Pipeline["nodes"][string]["config"]]>,
  wires: readonly string[] = [],
): Pipeline {
  return {
    format: "flamingo-pipeline",
    version: pipelineVersion,
    name: "toy",
    description: "",
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([id, node]) => {
        const [type, config] = typeof node === "string" ? [node, {}] : node;
        return [id, { type, config }];
      }),
    ),
    edges: wires.map(wire),
    blocks: {},
    view: { positions: {} },
  };
}

/** `from.port > to.port` as an edge. */
export function wire(text: string): GraphEdge {
  const [from, to] = text.split(" > ").map((end) => end.split(".") as [string, string]);
  return { from: from!, to: to! };
}

/** A pipeline that runs. */
export const whole = pipelineOf(
  { pictures: "Pictures", encode: "Encode", embed: "Embed", read: "Read", train: "Train", unused: "Widen" },
  [
    "pictures.images > encode.images",
    "pictures.ids > embed.ids",
    "embed.x > read.x",
    "encode.features > read.media",
    "read.loss > train.loss",
    "embed.x > unused.x",
  ],
);
