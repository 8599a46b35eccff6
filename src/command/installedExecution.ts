import { type DeviceName, openDevice } from "../engine/devices/device.ts";
import { captionImages } from "../execution/captionImages.ts";
import { continueText, isImported } from "../execution/continueText.ts";
import { evaluateRun } from "../execution/evaluateRun.ts";
import { exportModel } from "../execution/exportModel.ts";
import { findingsOf } from "../execution/findings.ts";
import { importModel } from "../execution/importModel.ts";
import { isModel } from "../execution/modelFile.ts";
import { quantizationCost } from "../execution/quantizationCost.ts";
import { catalog, findBlock } from "../execution/registry.ts";
import { executeRun } from "../execution/run.ts";
import { listStartingWeights } from "../execution/startingWeights.ts";
import { withModels } from "../execution/withModels.ts";
import type { Execution } from "./execution.ts";

/** The studio's own. */
export const execution: Execution = {
  catalog,
  findBlock,
  execute: executeRun,
  openDevice: (name) => openDevice(name as DeviceName | "auto"),
  evaluate: evaluateRun,
  exportModel,
  importModel,
  quantizationCost,
  isModel,
  isImported,
  continueText,
  withModels,
  caption: captionImages,
  findingsOf,
  startingWeights: listStartingWeights,
};
