import { dirname, resolve } from "node:path";
import type { Catalog } from "../../src/core/catalog.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { catalog, findBlock } from "../../src/execution/registry.ts";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { writeAtomic } from "../../src/files/writeAtomic.ts";
import { checkPipeline, type Problem } from "../../src/graph/check.ts";
import type { GraphNode } from "../../src/graph/graph.ts";
import { catalogWith } from "../../src/graph/graphBlock.ts";
import { parameterCounts } from "../../src/graph/parameterCounts.ts";
import { pipelineNotebook } from "../../src/pipeline/notebook.ts";
import {
  type Pipeline,
  parsePipeline,
  emptyPipeline as pipelineWithoutNodes,
  writePipeline,
} from "../../src/pipeline/schema.ts";
import { folderError } from "../../src/runs/folderError.ts";
import { findHome } from "../../src/runs/home.ts";
import { currentCell } from "../cell/cell.ts";
import { displayMethod } from "../display/displayMethod.ts";
import type { FormatOptions } from "../display/formatter.ts";
import { pipelineBundle, type WeightCounts } from "../display/pipelineDrawing.ts";
import { studioLink } from "./studioLink.ts";
import { findStudioFile } from "./studioPipelines.ts";

/** The fields of a node besides its type, such as `config` and `frozen`. */
export type NodeSettings = Partial<Omit<GraphNode, "type">>;

/**
 * A pipeline in a notebook: drawn as a cell's last value, changed by methods that give a changed one, and saved as a file that
 * the studio opens.
 *
 * @example
 * const smaller = (await flamingo.pipeline("emoji-captions")).configure("flamingo.resampler", { latents: 4 });
 * const run = await flamingo.train(smaller, { steps: 100 });
 */
export class NotebookPipeline {
  /** The data that a file holds. */
  readonly definition: Pipeline;

  /** @throws FlamingoError INVALID_PIPELINE */
  constructor(definition: Pipeline) {
    this.definition = parsePipeline(definition, `the pipeline "${definition.name}"`);
  }

  get name(): string {
    return this.definition.name;
  }

  /** Everything that is wrong with it; empty when it can run. */
  check(): Problem[] {
    return checkPipeline(this.definition, catalog);
  }

  /** A copy with another name. */
  rename(name: string): NotebookPipeline {
    return this.#with({ name });
  }

  /**
   * With other values in the configuration of a node, or of the block that fills a slot of a node.
   * @param place a node's id, or after it the names of slots: `flamingo.languageModel.fusionLayer`
   * @throws FlamingoError NOT_FOUND
   */
  configure(place: string, config: Record<string, unknown>): NotebookPipeline {
    const { nodes } = this.definition;
    const id = Object.hasOwn(nodes, place) ? place : place.split(".")[0]!;
    const node = this.#node(id);
    const slots = place
      .slice(id.length + 1)
      .split(".")
      .filter(Boolean);
    const changed = configured(node, catalogWith(catalog, this.definition.blocks), slots, config) as GraphNode;
    return this.#with({ nodes: { ...nodes, [id]: changed } });
  }

  /**
   * With one more node, or another in its place.
   * @example
   * pipeline.add("resampler", "PerceiverResampler", { visualDim: 128 }).wire("encoder.features", "resampler.features");
   */
  add(id: string, type: string, config: Record<string, unknown> = {}, settings: NodeSettings = {}): NotebookPipeline {
    const node = { ...settings, type, config: config as GraphNode["config"] };
    return this.#with({ nodes: { ...this.definition.nodes, [id]: node } });
  }

  /** A copy without a node and the edges at it. @throws FlamingoError NOT_FOUND */
  remove(id: string): NotebookPipeline {
    this.#node(id);
    const { [id]: _removed, ...nodes } = this.definition.nodes;
    const edges = this.definition.edges.filter(({ from, to }) => from[0] !== id && to[0] !== id);
    return this.#with({ nodes, edges });
  }

  /** A copy with one more edge, between ports named `node.port`. It replaces the edge that led to the input before. */
  wire(from: string, to: string): NotebookPipeline {
    const [start, end] = [portOf(from), portOf(to)];
    const edges = this.definition.edges.filter((edge) => edge.to.join(".") !== to);
    return this.#with({ edges: [...edges, { from: start, to: end }] });
  }

  /**
   * Writes it as a file that the studio opens: by a name into the studio's own pipelines, by a path anywhere. Where the studio
   * has another pipeline of that name, this one takes the next name that is free, and says so.
   * @returns the file's path
   * @throws FlamingoError RUN_FOLDER, DISK_FULL
   */
  async save(where = idOf(this.name)): Promise<string> {
    const isPath = where.includes("/") || where.endsWith(".json");
    if (!isPath) return (await this.#saveInStudio(idOf(where))).file;
    return this.#write(resolve(where), writePipeline(this.definition));
  }

  /** Saves it among the studio's pipelines, as `save` does, and prints where the studio shows it. */
  async open(): Promise<void> {
    const { id } = await this.#saveInStudio(idOf(this.name));
    tell(studioLink(`pipeline=${id}`));
  }

  /**
   * Writes a notebook that makes this pipeline, shows it, trains it and plots what came of it.
   * @returns the file's path
   */
  async saveNotebook(file = `${idOf(this.name)}.ipynb`): Promise<string> {
    return this.#write(resolve(file), `${JSON.stringify(pipelineNotebook(this.definition, catalog), undefined, 1)}\n`);
  }

  async [displayMethod](options: FormatOptions = {}): Promise<Record<string, unknown>> {
    return (await pipelineBundle(this.definition, catalog, weightCounts(this.definition), options)).data;
  }

  async #saveInStudio(wanted: string): Promise<{ id: string; file: string }> {
    const text = writePipeline(this.definition);
    const place = await findStudioFile(wanted, text).catch((error) => {
      throw folderError(error, findHome().pipelines);
    });
    if (place.id !== wanted) tell(`the studio has another pipeline "${wanted}": this one is saved as "${place.id}"`);
    await this.#write(place.file, text);
    return place;
  }

  #with(change: Partial<Pipeline>): NotebookPipeline {
    return new NotebookPipeline({ ...this.definition, ...change });
  }

  #node(id: string): GraphNode {
    const node = this.definition.nodes[id];
    if (node) return node;
    const fix = `use one of: ${Object.keys(this.definition.nodes).join(", ")}`;
    throw new FlamingoError("NOT_FOUND", `"${this.name}" has no node "${id}"`, { actual: id, fix });
  }

  async #write(file: string, text: string): Promise<string> {
    try {
      await makeFolder(dirname(file));
      await writeAtomic(file, text);
      return file;
    } catch (error) {
      throw folderError(error, dirname(file));
    }
  }
}

/** A node or what fills a slot, with other values in its configuration or in that of a slot in it. */
function configured(
  block: Pick<GraphNode, "type" | "config">,
  blocks: Catalog,
  [field, ...further]: readonly string[],
  config: Record<string, unknown>,
): Pick<GraphNode, "type" | "config"> {
  if (field === undefined) return { ...block, config: { ...block.config, ...(config as GraphNode["config"]) } };
  const properties = blocks[block.type]?.config.properties ?? {};
  const filling = (block.config[field] ?? properties[field]?.default) as Partial<GraphNode> | null | undefined;
  if (!properties[field]?.slot || !filling?.type) {
    const slots = Object.keys(properties).filter((name) => properties[name]!.slot);
    const fix = slots.length > 0 ? `use one of: ${slots.join(", ")}` : "name a field of the block in the configuration";
    throw new FlamingoError("NOT_FOUND", `${block.type} has no block in a slot "${field}"`, { actual: field, fix });
  }
  const inner = configured({ config: {}, ...filling } as GraphNode, blocks, further, config);
  return { ...block, config: { ...block.config, [field]: inner as GraphNode["config"][string] } };
}

/** A pipeline without nodes, to which nodes are added. */
export function emptyPipeline(name: string): NotebookPipeline {
  return new NotebookPipeline(pipelineWithoutNodes(name));
}

/** The parameters of each node; a node with a wrong configuration has none. */
export function weightCounts(pipeline: Pipeline): WeightCounts {
  return parameterCounts(pipeline, catalog, findBlock);
}

function tell(line: string): void {
  const cell = currentCell();
  if (cell) cell.print("stdout", `${line}\n`);
  else console.log(line);
}

function portOf(name: string): [string, string] {
  const [node, port, ...rest] = name.split(".");
  if (node && port && rest.length === 0) return [node, port];
  const fix = 'write it as "encoder.features"';
  throw new FlamingoError("UNKNOWN_PORT", `"${name}" names no port of a node`, { actual: name, fix });
}

/** The studio's name for a pipeline's file: small letters, digits and `-`. */
function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 60)
    .replace(/^-+|-+$/g, "");
  return id || "pipeline";
}
