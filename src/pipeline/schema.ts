import { z } from "zod";
import { FlamingoError } from "../core/errors.ts";
import { sortedKeys } from "../core/json.ts";
import { edgeSchema, graphBlockSchema, graphFields, notReserved, viewSchema } from "../graph/graph.ts";
import { migrations } from "./migrations.ts";

/** The version of the file format that this code writes. */
export const pipelineVersion = 5;

/** The name of a pipeline's own block. */
const blockName = z
  .string()
  .regex(/^[A-Z][a-zA-Z0-9]{0,63}$/, "a block's name starts with a capital letter and has letters and digits only");

const pipelineSchema = z.strictObject({
  format: z.literal("flamingo-pipeline"),
  version: z.literal(pipelineVersion),
  name: z.string().max(120),
  description: z.string().max(2000).default(""),
  ...graphFields,
  edges: z.array(edgeSchema).max(4000),
  blocks: z
    .record(blockName, graphBlockSchema)
    .default({})
    .meta({ description: "Blocks of this pipeline, each a graph; nodes and slots use them by name." }),
  view: viewSchema,
});

/** A pipeline as a file holds it: a graph, with blocks of its own. Data, never code. */
export type Pipeline = z.output<typeof pipelineSchema>;

/** A pipeline with nothing in it. */
export function emptyPipeline(name = "Untitled"): Pipeline {
  return {
    format: "flamingo-pipeline",
    version: pipelineVersion,
    name,
    description: "",
    nodes: {},
    edges: [],
    blocks: {},
    view: { positions: {} },
  };
}

/** At most so many nodes: a larger file is refused before it is looked into. */
const mostNodes = 2000;

/** At most so many blocks of its own. */
const mostBlocks = 200;

/** At most so many levels of lists and objects: deeper ones would use up the stack of whoever looks into them. */
const mostDepth = 64;

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
  const { nodes, blocks } = (value ?? {}) as { nodes?: object; blocks?: Record<string, { nodes?: object } | null> };
  const graphs = [nodes, ...Object.values(blocks ?? {}).map((block) => block?.nodes)];
  if (Object.keys(blocks ?? {}).length > mostBlocks) throw refuse(`has more than ${mostBlocks} blocks`, "use fewer");
  const count = graphs.reduce((sum, each) => sum + Object.keys(each ?? {}).length, 0);
  if (count > mostNodes) throw refuse(`has more than ${mostNodes} nodes`, "split it");
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

/**
 * Writes a pipeline with sorted keys, so that two versions compare well line by line. Nodes keep their order, which is the order
 * in which they are computed where the edges leave a choice.
 */
export function writePipeline(pipeline: Pipeline): string {
  return `${JSON.stringify(pipeline, sortedExceptNodes, 2)}\n`;
}

function sortedExceptNodes(key: string, value: unknown): unknown {
  return key === "nodes" ? value : sortedKeys(key, value);
}
