import type { Library } from "../../editor/server/describe.ts";
import type { Execute } from "../runs/conduct.ts";
import type { RunEventOf } from "../runs/event.ts";

/** All that computes, behind one door: the commands load it when they need it, and tests put another in its place. */
export interface Execution extends Library {
  execute: Execute;
  /**
   * Opens a device, or says why not.
   * @throws FlamingoError DEVICE_UNAVAILABLE
   */
  openDevice(name: string): Promise<{ name: string; reason: string; description: string }>;
  /** Judges the trained model of a run folder; on the set of that name, or on all. */
  evaluate(options: EvaluateOptions): Promise<void>;
  /** Captions images with the trained model of a run folder, in their order. */
  caption(options: CaptionOptions): Promise<string[]>;
}

export interface EvaluateOptions {
  folder: string;
  device: string;
  set?: string;
  onResult(result: EvaluateResult): void;
}

export interface CaptionOptions {
  folder: string;
  device: string;
  images: string[];
}

export type EvaluateResult = Omit<RunEventOf<"evaluate:result">, "seq" | "time">;
