import type { Library } from "../../editor/server/describe.ts";
import type { FlamingoError } from "../core/errors.ts";
import type { CaptionImagesOptions } from "../execution/captionImages.ts";
import type { ContinueTextOptions } from "../execution/continueText.ts";
import type { EvaluateRunOptions } from "../execution/evaluateRun.ts";
import type { ExportOptions, ExportReport } from "../execution/exportModel.ts";
import type { ImportOptions, ImportReport } from "../execution/importModel.ts";
import type { QuantizationCost, QuantizedFiles } from "../execution/quantizationCost.ts";
import type { ModelNames } from "../execution/withModels.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import type { Execute } from "../runs/conduct.ts";

/** All that computes, behind one door: commands load it when they need it, and tests put another in its place. */
export interface Execution extends Library {
  execute: Execute;
  /**
   * Opens a device, or says why not.
   * @throws FlamingoError DEVICE_UNAVAILABLE
   */
  openDevice(name: string): Promise<{ name: string; reason: string; description: string }>;
  /** Judges the trained model of a run folder. */
  evaluate(options: EvaluateRunOptions): Promise<void>;
  /** Whether a name is that of a trained model: one that comes with the studio, or a file of weights. */
  isModel(name: string): boolean;
  /** Writes the trained model of a run for another library. */
  exportModel(options: ExportOptions): Promise<ExportReport>;
  /** Makes a pipeline of a model in another library's files. */
  importModel(options: ImportOptions): Promise<ImportReport>;
  /** What holding a model's frozen matrices in few bits saves, and what it costs. */
  quantizationCost(options: QuantizedFiles): Promise<QuantizationCost>;
  /** Whether a model was imported by this name. */
  isImported(name: string, models: string): boolean;
  /** Continues a prompt with an imported model. */
  continueText(options: ContinueTextOptions): Promise<string>;
  /** A pipeline with imported models in place of a Flamingo's own parts. */
  withModels(pipeline: Pipeline, names: ModelNames, models: string, file: string): Pipeline;
  /** Captions images with a trained model, in their order, or says why one cannot be read. */
  caption(options: CaptionImagesOptions): Promise<(string | FlamingoError)[]>;
}
