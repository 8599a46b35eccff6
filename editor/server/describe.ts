import type { AnyBlock } from "../../src/core/block.ts";
import type { Catalog } from "../../src/core/catalog.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { describeWeights, sizeOf, type TracedGraph, trace } from "../../src/core/trace.ts";
import { checkPipeline } from "../../src/pipeline/check.ts";
import type { Pipeline, PipelineNode } from "../../src/pipeline/schema.ts";
import { fullConfig } from "../../src/pipeline/solve.ts";
import type { Description, TraceRequest } from "../shared/protocol.ts";

/** All that the studio knows of blocks, sources and actions. */
export interface Library {
  catalog: Catalog;
  findBlock(name: string): AnyBlock | undefined;
}

/** What is known of a pipeline without running it: its problems, and the weights of its blocks. */
export function describePipeline(pipeline: Pipeline, library: Library): Description {
  const problems = checkPipeline(pipeline, library.catalog);
  const broken = new Set(problems.filter(({ code }) => code === "INVALID_CONFIG").map(({ node }) => node));
  const nodes: Description["nodes"] = {};
  for (const [id, node] of Object.entries(pipeline.nodes)) {
    if (!broken.has(id)) nodes[id] = countWeights(node, library);
  }
  return { problems, nodes };
}

/**
 * The inside of a block.
 * @throws FlamingoError UNKNOWN_BLOCK, UNKNOWN_PORT, INVALID_CONFIG, SHAPE_MISMATCH
 */
export function traceBlock({ type, config, inputs, frozen }: TraceRequest, { findBlock }: Library): TracedGraph {
  const block = findBlock(type);
  if (!block) {
    const fix = "open a block of the palette";
    throw new FlamingoError("UNKNOWN_BLOCK", `there is no block "${type}" to open`, { block: type, fix });
  }
  const unknown = Object.keys(inputs).find((port) => !Object.hasOwn(block.inputs, port));
  if (unknown !== undefined) {
    const fix = `use only: ${Object.keys(block.inputs).join(", ")}`;
    throw new FlamingoError("UNKNOWN_PORT", `${type} has no input "${unknown}"`, { block: type, port: unknown, fix });
  }
  return trace(block, config, inputs, frozen);
}

function countWeights(node: PipelineNode, { catalog, findBlock }: Library): { weights: number; trainable: number } {
  const block = findBlock(node.type);
  const count = { weights: 0, trainable: 0 };
  if (!block) return count;
  for (const weight of describeWeights(block, fullConfig(node, catalog[node.type]!), node.frozen)) {
    count.weights += sizeOf(weight);
    if (!weight.frozen) count.trainable += sizeOf(weight);
  }
  return count;
}
