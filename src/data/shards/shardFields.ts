import { z } from "zod";
import { count } from "../../core/configFields.ts";

/** How far the order of samples differs from that of their files, as a configuration field. */
export const shuffleField = count(
  "Shuffle",
  "Samples in the buffer from which the next one is drawn at random; with 1 they come in order.",
  "samples",
).default(1000);

/** The share of samples that are held out, as a configuration field. */
export const heldOutField = z.number().min(0).max(0.9).default(0.1).meta({
  title: "Held out",
  description: "Share of the samples that are not trained on, but looked at and judged.",
});

/** The bound of bad samples, as a configuration field. */
export const maxBadField = z.int().nonnegative().max(1e9).default(100).meta({
  title: "Bad samples",
  description:
    "Most samples that may be bad and are skipped, counted since the run was started or resumed; with one more the run stops.",
  unit: "samples",
});

/** Where the images lie that a file names, as a configuration field. */
export const imagesField = z.string().default("").meta({
  title: "Images",
  description: "Path of the folder in which the images lie; that of the file where it is empty.",
});
