/** What a notebook has at hand as `flamingo`: the library, what shows things below a cell, and runs with live plots. */
export * from "../../src/index.ts";
export { currentCell } from "../cell/cell.ts";
export { registerCommTarget } from "../cell/commTargets.ts";
export { registerFormatter } from "../display/format.ts";
export type { Formatter } from "../display/formatter.ts";
export { NotebookFigure } from "../display/notebookFigure.ts";

import "./formatters.ts";

export { build, pretrainedCaptioner } from "./build.ts";
export { openDevice } from "./device.ts";
export { clearOutput, display, html, image, input, markdown, svg } from "./display.ts";
export { emptyPipeline, NotebookPipeline } from "./pipeline.ts";
export { bars, beside, heatMap, plot } from "./plot.ts";
export { progress } from "./progress.ts";
export { Run } from "./run.ts";
export { RunChannel } from "./runChannel.ts";
export { openRun, pipeline, runs, train } from "./train.ts";
