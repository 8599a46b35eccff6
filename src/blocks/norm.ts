import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { LayerNorm } from "./layerNorm.ts";

/** A slot for a normalisation of each vector. */
export const normSlot = slot({
  title: "Normalisation",
  description: "Before the projections of each layer.",
  inputs: { x: float32("...lead dim", "vectors") },
  outputs: { y: float32("...lead dim", "normalised vectors") },
  given: ["dim"],
  default: LayerNorm,
});
