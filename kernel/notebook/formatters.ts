import { catalog } from "../../src/execution/registry.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";
import { formatValue, registerFormatter } from "../display/format.ts";
import { pipelineBundle } from "../display/pipelineDrawing.ts";
import { weightCounts } from "./pipeline.ts";
import { Run } from "./run.ts";

/** Draws pipelines that are plain data as it draws a `NotebookPipeline`. It is here since drawing needs the catalog. */
registerFormatter({
  accepts: (value) => (value as { format?: unknown } | null)?.format === "flamingo-pipeline",
  format: (definition: Pipeline, options) => pipelineBundle(definition, catalog, weightCounts(definition), options),
});

/** Runs as a table. */
registerFormatter({
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every((each) => each instanceof Run),
  format: (runs: readonly Run[]) =>
    formatValue(
      runs.map(({ id, name, status, state, loss, record }) => ({
        ...{ id, name, status, step: state.step, loss: loss ?? null, seed: record.seed },
        started: new Date(record.created).toLocaleString("en-GB"),
      })),
    ),
});
