import { z } from "zod";
import { LayerNorm } from "./layerNorm.ts";
import { RmsNorm } from "./rmsNorm.ts";

/** The choice of a normalisation, as a configuration field. */
export const normField = z.enum(["layer", "rms"]).default("layer").meta({
  title: "Normalisation",
  description: "LayerNorm, or RMSNorm as in LLaMA.",
});

/** The block of each choice. */
export const norms = { layer: LayerNorm, rms: RmsNorm } satisfies Record<z.output<typeof normField>, unknown>;
