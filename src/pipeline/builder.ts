import type { Annotations } from "../graph/edit/annotations.ts";
import type { GraphBlock, GraphNode } from "../graph/graph.ts";
import { emptyPipeline, type Pipeline, parsePipeline } from "./schema.ts";

/** An end of a wire: a node and one of its ports. */
type End = [node: string, port: string];

/** A node of a pipeline that is being built: its ports are what wires are drawn between. */
export interface BuiltNode {
  id: string;
  output(port: string): End;
  input(port: string): End;
}

/**
 * Builds a pipeline in code, node by node and wire by wire.
 *
 * @example
 * const pipeline = new PipelineBuilder("Emoji captions");
 * const documents = pipeline.add("documents", { type: "EmojiDocuments", config: { batch: 24 } });
 * const flamingo = pipeline.add("flamingo", { type: "Flamingo" });
 * pipeline.connect(documents.output("images"), flamingo.input("images"));
 * const run = await runPipeline(pipeline.build(), { seed: 1 });
 */
export class PipelineBuilder {
  readonly #made: Pipeline;

  constructor(name: string, description = "") {
    this.#made = { ...emptyPipeline(name), description, nodes: {}, edges: [], blocks: {} };
  }

  /** Adds a block of the pipeline's own, which nodes and slots then use by its name. */
  block(name: string, graph: GraphBlock): this {
    this.#made.blocks[name] = graph;
    return this;
  }

  add(id: string, node: Omit<GraphNode, "config"> & Partial<Pick<GraphNode, "config">>): BuiltNode {
    this.#made.nodes[id] = { config: {}, ...node };
    return { id, output: (port) => [id, port], input: (port) => [id, port] };
  }

  connect(from: End, to: End): this {
    this.#made.edges.push({ from, to });
    return this;
  }

  /** Says where nodes are drawn; those without a place get one when the studio opens the pipeline. */
  place(positions: Record<string, [number, number]>): this {
    Object.assign(this.#made.view.positions, positions);
    return this;
  }

  /** Writes notes on the canvas, and draws groups around nodes. */
  annotate(annotations: Annotations): this {
    Object.assign(this.#made.view, annotations);
    return this;
  }

  /** @throws FlamingoError INVALID_PIPELINE for what no file could hold */
  build(): Pipeline {
    return parsePipeline(this.#made, `the pipeline "${this.#made.name}"`);
  }
}
