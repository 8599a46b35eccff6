import type { Catalog } from "../core/catalog.ts";
import type { Pipeline } from "./schema.ts";
import { writePipeline } from "./schema.ts";

/** A notebook as a file holds it (nbformat 4.5). */
export interface Notebook {
  nbformat: 4;
  nbformat_minor: 5;
  metadata: Record<string, unknown>;
  cells: NotebookCell[];
}

export type NotebookCell =
  | { cell_type: "markdown"; id: string; metadata: Record<string, unknown>; source: string[] }
  | {
      cell_type: "code";
      id: string;
      metadata: Record<string, unknown>;
      source: string[];
      execution_count: null;
      outputs: unknown[];
    };

/**
 * A pipeline as a notebook that runs: cells that make it, show it, train it with live plots, and use what was trained. It
 * needs no file beside it: the pipeline's data stands in its first cell.
 */
export function pipelineNotebook(pipeline: Pipeline, catalog: Catalog): Notebook {
  const { name, description, nodes } = pipeline;
  const actions = Object.values(nodes).map(({ type }) => catalog[type]);
  const trains = actions.some((action) => action?.stage === "train");
  const captions = actions.some((action) => action?.stage === "evaluate" && "logits" in action.inputs);
  const cells: NotebookCell[] = [
    markdown("title", `# ${plain(name)}`, ...(description ? ["", plain(description)] : [])),
    markdown(
      "about-pipeline",
      "The pipeline as data. Blue parts are pretrained and frozen, purple ones are new and learn.",
    ),
    code("pipeline", `const pipeline = await flamingo.pipeline(${asCode(pipeline)});`, "pipeline"),
  ];
  if (trains) {
    cells.push(
      markdown(
        "about-training",
        "Training shows loss, gates and attention while they move. Interrupt the cell to stop after a step; `await run.resume()` goes on.",
      ),
      code("train", "const run = await flamingo.train(pipeline, { seed: 1 });"),
      code("plots", "flamingo.display(run.channels.loss.plot());", "flamingo.display(run.channels.gates.plot());"),
    );
  }
  if (trains && captions)
    cells.push(
      markdown("about-model", "The trained model, to play with."),
      code("model", "const model = await run.captioner();", "model"),
    );
  cells.push(markdown("about-studio", "The same pipeline in the studio:"), code("studio", "await pipeline.open();"));
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "flamingo", display_name: "TypeScript (Flamingo)", language: "typescript" },
      language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/x-typescript" },
    },
    cells,
  };
}

function asCode(pipeline: Pipeline): string {
  // JSON is JavaScript, but for two signs that only newer readers take in strings.
  return writePipeline(pipeline).trimEnd().replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** Text of a person's, so that Markdown takes it as text. */
function plain(text: string): string {
  return text.replace(/[\\`*_[\]<>#]/g, "\\$&").replace(/\s+/g, " ");
}

function markdown(id: string, ...lines: string[]): NotebookCell {
  return { cell_type: "markdown", id, metadata: {}, source: sourceOf(lines) };
}

function code(id: string, ...lines: string[]): NotebookCell {
  return { cell_type: "code", id, metadata: {}, source: sourceOf(lines), execution_count: null, outputs: [] };
}

/** Lines as a file holds them: each but the last with its end. */
function sourceOf(lines: string[]): string[] {
  const all = lines.join("\n").split("\n");
  return all.map((line, index) => (index < all.length - 1 ? `${line}\n` : line));
}
