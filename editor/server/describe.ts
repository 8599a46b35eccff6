import type { AnyBlock } from "../../src/core/block.ts";
import type { Catalog } from "../../src/core/catalog.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import type { Findings } from "../../src/core/findings.ts";
import type { ImportOptions, ImportReport } from "../../src/execution/importModel.ts";
import { checkPipeline } from "../../src/graph/check.ts";
import { withGraphBlocks } from "../../src/graph/graphBlock.ts";
import { frozenNewWeights, newWeights } from "../../src/graph/newWeights.ts";
import { insideCounts, parameterCounts } from "../../src/graph/parameterCounts.ts";
import { traceWithFields } from "../../src/graph/traceWithFields.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";
import type { Description, FindingsRequest, Inside, StartingWeights, TraceRequest } from "../shared/protocol.ts";

/** All that the studio knows of blocks, sources and actions. */
export interface Library {
  catalog: Catalog;
  findBlock(name: string): AnyBlock | undefined;
  /** Looks at what a node names outside of its pipeline. @throws FlamingoError for what is wrong */
  findingsOf?(node: FindingsRequest, models: string): Promise<Findings>;
  /** Makes a pipeline of a model in another library's files. */
  importModel?(options: ImportOptions): Promise<ImportReport>;
  /** What nodes may start from. */
  startingWeights?(folders: { models: string; runs: string }): Promise<StartingWeights[]>;
}

/** What is known of a pipeline without running it: its problems, and the parameters of its blocks. */
export function describePipeline(pipeline: Pipeline, { catalog, findBlock }: Library): Description {
  const fresh = newWeights(pipeline, catalog, findBlock);
  return {
    problems: [...checkPipeline(pipeline, catalog), ...frozenNewWeights(fresh)],
    nodes: parameterCounts(pipeline, catalog, findBlock),
    newWeights: fresh,
  };
}

/**
 * The inside of a block.
 * @throws FlamingoError UNKNOWN_BLOCK, UNKNOWN_PORT, INVALID_CONFIG, SHAPE_MISMATCH, or NOT_FOUND for a primitive
 */
export function traceBlock({ type, config, ports, fields = [], ...options }: TraceRequest, library: Library): Inside {
  const { blocks = {}, frozen, pretrained } = options;
  const find = withGraphBlocks(blocks, library.findBlock);
  const block = find(type);
  if (!block) {
    const fix = "open a block of the palette";
    throw new FlamingoError("UNKNOWN_BLOCK", `there is no block "${type}" to open`, { block: type, fix });
  }
  const unknown = ports.find((port) => !Object.hasOwn(block.inputs, port));
  if (unknown !== undefined) {
    const fix = `use only: ${Object.keys(block.inputs).join(", ")}`;
    throw new FlamingoError("UNKNOWN_PORT", `${type} has no input "${unknown}"`, { block: type, port: unknown, fix });
  }
  const graph = traceWithFields(block, config, fields, { ports, find });
  const made = { ...(frozen === undefined ? {} : { frozen }), ...(pretrained === undefined ? {} : { pretrained }) };
  const weights = describeWeights(block, config, { ...made, find });
  return { graph, nodes: insideCounts(graph, weights) };
}
