import { z } from "zod";
import type { ChildOptions } from "../core/block.ts";
import { parseShape } from "../core/shape.ts";
import { weightsName } from "../core/slot.ts";

/** Ids and ports are keys of plain objects, so they may not be names that every object has, such as `toString`. */
export const notReserved = (name: string) => !(name in {});
export const reservedMessage = "the name is reserved";

/**
 * A node's id, which begins its weights' names: `resampler`, or inside a block `layers.0.attn`. A letter first, then parts of
 * letters, digits and _ with dots between.
 */
const idSchema = z
  .string()
  .max(200)
  .regex(
    /^[a-z][a-zA-Z0-9_]*(\.[a-zA-Z0-9_]+)*$/,
    "an id starts with a small letter and has letters, digits, _ and dots between them only",
  )
  .refine(notReserved, reservedMessage);

/** An id inside a block: it may also start with a digit, as the names of weights in checkpoints do (`0`, `layers.0.1`). */
const innerIdSchema = z
  .string()
  .max(200)
  .regex(/^[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*$/, "an id has letters, digits, _ and dots between them only")
  .refine(notReserved, reservedMessage);

const portName = z.string().max(64).refine(notReserved, reservedMessage);
const end = z.tuple([innerIdSchema, portName]);

export const nodeSchema = z.strictObject({
  type: z
    .string()
    .max(64)
    .refine(notReserved, reservedMessage)
    .meta({ description: "Name of a block, source or action in the catalog, or of a block of this pipeline." }),
  config: z.record(z.string().max(64), z.json()).default({}),
  label: z.string().max(120).optional(),
  frozen: z
    .union([z.boolean(), z.literal("pretrained")])
    .optional()
    .meta({ description: "Keeps all of the node's weights as they are, or those that are not new in it." }),
  pretrained: z.boolean().optional().meta({
    description: "Whether its weights come from pretraining or are new; as in the block around it by default.",
  }),
  weights: weightsName.optional().meta({ description: "Name of the pretrained weights that the node starts from." }),
  shares: innerIdSchema.optional().meta({ description: "Id of the node whose weights it uses." }),
  skip: z.enum(["bypass", "mute"]).optional().meta({
    description:
      "Leaves the node out of what is computed. Muted, it is as if it were not there; bypassed, what comes in at an input goes on in place of an output of the same type and shape.",
  }),
});

export const edgeSchema = z.strictObject({ from: end, to: end });

/** The colours that notes and groups may have. Blue, purple and pink say something of blocks, so they are not among them. */
export const viewColors = ["yellow", "green", "teal", "orange", "grey"] as const;
const color = z.enum(viewColors);

const noteId = z.string().regex(/^note:\d{1,6}$/, "the id of a note is `note:` with a number");
const groupId = z.string().regex(/^group:\d{1,6}$/, "the id of a group is `group:` with a number");
const placedId = z.union([innerIdSchema, noteId]);
const length = z.number().min(1).max(10_000);

const noteSchema = z.strictObject({
  text: z.string().max(4000),
  color,
  size: z.tuple([length, length]).meta({ description: "Width and height in pixels at zoom 1." }),
});

const groupSchema = z.strictObject({
  title: z.string().max(120),
  color,
  members: z
    .array(placedId)
    .max(2000)
    .meta({ description: "Ids of the nodes and notes that its frame is drawn around." }),
});

/** How a graph is drawn: where nodes stand, with notes and groups. Not part of what the graph means. */
export const viewSchema = z
  .strictObject({
    positions: z.record(placedId, z.tuple([z.number(), z.number()])).default({}),
    notes: z.record(noteId, noteSchema).optional(),
    groups: z.record(groupId, groupSchema).optional(),
  })
  .default({ positions: {} });

/** Nodes and edges. */
export const graphFields = {
  nodes: z.record(idSchema, nodeSchema),
  edges: z.array(edgeSchema).max(20_000),
};

function isShape(text: string): boolean {
  try {
    parseShape(text);
    return true;
  } catch {
    return false;
  }
}

const graphPort = z.strictObject({
  shape: z
    .string()
    .max(200)
    .refine(isShape, "a shape has names, numbers and arithmetic over them, with spaces between")
    .meta({ description: "Named axes, such as `batch length dim`." }),
  dtype: z.enum(["float32", "int32", "bool"]).default("float32"),
  doc: z.string().max(400).default(""),
  optional: z.boolean().default(false),
});

/** A field of the configuration of a block that is a graph: a value, which is its default. */
const fieldValue = z.union([z.number(), z.string().max(200), z.boolean()]);

/** A block that is a graph, as a file holds it. */
export const graphBlockSchema = z.strictObject({
  title: z.string().max(120).optional(),
  summary: z.string().max(400).optional(),
  from: z.string().max(64).optional().meta({ description: "The block that it is a changed copy of." }),
  fromConfig: z
    .record(z.string().max(64), z.json())
    .optional()
    .meta({ description: "The configuration that that block had where it was copied." }),
  local: z.boolean().optional().meta({ description: "Made for one place: the palette does not offer it." }),
  config: z
    .record(z.string().max(64).refine(notReserved, reservedMessage), fieldValue)
    .default({})
    .meta({ description: 'Fields and their defaults. A node inside uses one as "$field".' }),
  inputs: z.record(portName, graphPort),
  outputs: z.record(portName, graphPort),
  ...graphFields,
  nodes: z.record(innerIdSchema, nodeSchema),
  layer: z.boolean().optional(),
  perImage: z.boolean().optional(),
  group: z.enum(["gate", "embedding", "resampler", "pretrained", "new"]).optional(),
  view: viewSchema,
});

export type GraphNode = z.output<typeof nodeSchema>;
export type GraphEdge = z.output<typeof edgeSchema>;
export type GraphView = z.output<typeof viewSchema>;
export type ViewColor = (typeof viewColors)[number];
/** A text on the canvas. */
export type Note = z.output<typeof noteSchema>;
/** A frame with a title around nodes and notes. */
export type Group = z.output<typeof groupSchema>;
/** A port of a block that is a graph. */
export type GraphPort = z.output<typeof graphPort>;
/** The one form of a graph: a pipeline, a plan and the inside of a block are graphs. */
export interface Graph {
  nodes: Record<string, GraphNode>;
  edges: readonly GraphEdge[];
}
/** How a node's block is made: what is frozen in it, what is pretrained, and what it starts from. */
export function optionsOf({ frozen, pretrained, weights }: ChildOptions | GraphNode): ChildOptions {
  return {
    ...(frozen === undefined ? {} : { frozen }),
    ...(pretrained === undefined ? {} : { pretrained }),
    ...(weights === undefined ? {} : { weights }),
  };
}

/** A block that is a graph. Its edges begin at the node `inputs` and end at the node `outputs`. */
export type GraphBlock = z.output<typeof graphBlockSchema>;
/** A pipeline's own blocks, by name. */
export type GraphBlocks = Readonly<Record<string, GraphBlock>>;

/** The ids that stand for the ports of the graph itself at the ends of edges. */
export const graphInputs = "inputs";
export const graphOutputs = "outputs";

/** Where an input comes from. */
export interface Source {
  node: string;
  port: string;
}

const inputsOfGraphs = new WeakMap<readonly GraphEdge[], Map<string, Record<string, Source>>>();

/** Where the inputs of a node come from, by port. */
export function inputsOf({ edges }: Pick<Graph, "edges">, id: string): Readonly<Record<string, Source>> {
  let known = inputsOfGraphs.get(edges);
  if (!known) {
    known = new Map();
    for (const { from, to } of edges) {
      const inputs = known.get(to[0]) ?? {};
      inputs[to[1]] = { node: from[0], port: from[1] };
      known.set(to[0], inputs);
    }
    inputsOfGraphs.set(edges, known);
  }
  return known.get(id) ?? {};
}

/** Every type that a value names: of a node, and of the blocks in its slots. */
export function typesIn(value: unknown): string[] {
  if (value === null || typeof value !== "object") return [];
  const own = "type" in value && typeof value.type === "string" ? [value.type] : [];
  return [...own, ...Object.values(value).flatMap(typesIn)];
}
