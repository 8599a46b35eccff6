import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { mediaPort } from "./mediaPorts.ts";

/** The fields that every resampler has. */
export const resamplerFields = {
  visualDim: count("Visual width", "Channels of features and visual tokens.", "channels"),
  maxFrames: count(
    "Most frames",
    "Adds a learnt embedding to the features of each frame, for up to so many frames; empty for none.",
    "frames",
  ).optional(),
};

/** The input port of every resampler. */
export const resamplerInputs = {
  features: float32("batch media frames features visualDim", "visual features of each frame of each image or video"),
};

/** The output port of every resampler. */
export const resamplerOutputs = {
  media: mediaPort,
};
