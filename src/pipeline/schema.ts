import { z } from "zod";
import { FlamingoError } from "../core/errors.ts";
import { migrations } from "./migrations.ts";

/** The version of the file format that this code writes. */
export const pipelineVersion = 1;

/** Ids and ports are looked up in plain objects, so they may not be names that every object has, such as `toString`. */
const notReserved = (name: string) => !(name in {});
const reservedMessage = "the name is reserved";

const identifier = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9_]{0,63}$/, "an id starts with a small letter and has letters, digits and _ only")
  .refine(notReserved, reservedMessage);
const end = z.tuple([identifier, z.string().max(64).refine(notReserved, reservedMessage)]);

const nodeSchema = z.strictObject({
  type: z
    .string()
    .max(64)
    .refine(notReserved, reservedMessage)
    .meta({ description: "Name of a block, source or action in the catalog." }),
  config: z.record(z.string().max(64), z.json()).default({}),
  label: z.string().max(120).optional(),
  frozen: z.boolean().optional().meta({ description: "Keeps all of the node's weights as they are." }),
  weights: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .optional()
    .meta({ description: "Name of the pretrained weights that the node starts from." }),
});

const edgeSchema = z.strictObject({ from: end, to: end });

const pipelineSchema = z.strictObject({
  format: z.literal("flamingo-pipeline"),
  version: z.literal(pipelineVersion),
  name: z.string().max(120),
  description: z.string().max(2000).default(""),
  nodes: z.record(identifier, nodeSchema),
  edges: z.array(edgeSchema).max(4000),
  /** Where nodes are drawn. Not part of what a pipeline means. */
  view: z
    .strictObject({ positions: z.record(identifier, z.tuple([z.number(), z.number()])).default({}) })
    .default({ positions: {} }),
});

export type PipelineNode = z.output<typeof nodeSchema>;
export type PipelineEdge = z.output<typeof edgeSchema>;
/** A pipeline as a file holds it: data, never code. */
export type Pipeline = z.output<typeof pipelineSchema>;

/** At most so many nodes: a larger file is refused before it is looked into. */
const mostNodes = 1000;

/** At most so many levels of lists and objects: deeper ones would use up the stack of whoever looks into them. */
const mostDepth = 32;

/**
 * Reads a pipeline from the text of a file.
 * @param source the file's name, for messages
 * @throws FlamingoError INVALID_PIPELINE or NEWER_PIPELINE
 */
export function readPipeline(text: string, source: string): Pipeline {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FlamingoError("INVALID_PIPELINE", `${source} is not JSON: ${(error as Error).message}`, {
      source,
      fix: "open a file that the studio saved",
    });
  }
  return parsePipeline(value, source);
}

/** The same for a value that was already parsed, such as a request's body. */
export function parsePipeline(value: unknown, source: string): Pipeline {
  checkStructure(value, source);
  const header = z
    .looseObject({ format: z.literal("flamingo-pipeline"), version: z.int().positive() })
    .safeParse(value);
  if (!header.success) {
    throw new FlamingoError(
      "INVALID_PIPELINE",
      `${source} is no pipeline: "format" must be "flamingo-pipeline" and "version" a whole number`,
      {
        source,
        fix: "open a file that the studio saved",
      },
    );
  }
  if (header.data.version > pipelineVersion) {
    throw new FlamingoError(
      "NEWER_PIPELINE",
      `${source} has version ${header.data.version}, and this studio reads up to version ${pipelineVersion}`,
      { source, expected: pipelineVersion, actual: header.data.version, fix: "update the studio" },
    );
  }
  let migrated: unknown = header.data;
  for (let version = header.data.version; version < pipelineVersion; version++)
    migrated = migrations[version]!(migrated);
  const result = pipelineSchema.safeParse(migrated);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new FlamingoError(
      "INVALID_PIPELINE",
      `${source}: ${issue.path.join(".") || "the pipeline"}: ${issue.message}`,
      {
        source,
        fix: "mend the place that the message names",
      },
    );
  }
  return result.data;
}

/** Refuses what would harm a reader: too many nodes, endless nesting, and names that every object has. */
function checkStructure(value: unknown, source: string): void {
  const refuse = (finding: string, fix: string) =>
    new FlamingoError("INVALID_PIPELINE", `${source} ${finding}`, { source, fix });
  const nodes = (value as { nodes?: unknown } | null)?.nodes;
  if (nodes && Object.keys(nodes).length > mostNodes) throw refuse(`has more than ${mostNodes} nodes`, "split it");
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > mostDepth)
      throw refuse(`is nested deeper than ${mostDepth} levels`, "open a file that the studio saved");
    const objects = level.filter((item) => typeof item === "object" && item !== null);
    const reserved = objects.flatMap((item) => Object.keys(item)).find((name) => !notReserved(name));
    if (reserved !== undefined) throw refuse(`has a field "${reserved}": the name is reserved`, "rename it");
    level = objects.flatMap((item) => Object.values(item));
  }
}

/** Writes a pipeline with sorted keys, so that two versions compare well line by line. */
export function writePipeline(pipeline: Pipeline): string {
  return `${JSON.stringify(pipeline, sortedKeys, 2)}\n`;
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
