import { z } from "zod";
import type { AnyBlock, SlotValue } from "./block.ts";
import type { SlotSpec } from "./misfit.ts";
import type { Ports } from "./port.ts";

/** The configuration of a slot as it is written: the block's name and those of its fields that have no default. */
export interface SlotInput {
  type: string;
  config?: Record<string, unknown>;
  /** Name of the pretrained weights that it starts from. */
  weights?: string | undefined;
}

/** The name of pretrained weights: no path, so that a pipeline file can name none. */
export const weightsName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9-]*$/, "the name of pretrained weights has small letters, digits and - only");

interface SlotOptions<I extends Ports, O extends Ports> {
  title: string;
  description: string;
  inputs: I;
  outputs: O;
  /** Fields of the filling that the block around it sets, such as `dim`: no form asks for them. */
  given?: readonly string[];
  /** What fills it by default, with fields that differ from that block's own defaults. */
  default: AnyBlock | { block: AnyBlock; config: Record<string, unknown> };
}

const value = z.strictObject({
  type: z.string().max(64),
  config: z.record(z.string().max(64), z.json()).default({}),
  weights: weightsName.optional(),
});

/**
 * A configuration field whose value is a block: `{ type, config }`, and `weights` if it starts from pretrained ones. Any block fits whose ports have the names, number types
 * and shapes that are asked for; further inputs must be optional.
 *
 * @example
 * const norm = slot({
 *   title: "Normalisation", description: "Before the projections.", default: LayerNorm, given: ["dim"],
 *   inputs: { x: float32("...lead dim", "vectors") }, outputs: { y: float32("...lead dim", "normalised vectors") },
 * });
 * // in build: const norm = child("norm", config.norm, { dim });
 */
export function slot<I extends Ports, O extends Ports>(options: SlotOptions<I, O>) {
  const { title, description, inputs, outputs, given = [] } = options;
  const { block, config } = "block" in options.default ? options.default : { block: options.default, config: {} };
  const meta = { title, description, slot: { inputs, outputs, given } satisfies SlotSpec };
  const field = value.default({ type: block.name, config: config as Record<string, z.core.util.JSONType> }).meta(meta);
  return field as unknown as z.ZodDefault<z.ZodType<SlotValue<I, O>, SlotInput>>;
}

/** A slot that may stay empty: null, which is the default. */
export function optionalSlot<I extends Ports, O extends Ports>(options: Omit<SlotOptions<I, O>, "default">) {
  const { title, description, inputs, outputs, given = [] } = options;
  const field = value
    .nullable()
    .default(null)
    .meta({ title, description, slot: { inputs, outputs, given } satisfies SlotSpec });
  return field as unknown as z.ZodDefault<z.ZodType<SlotValue<I, O> | null, SlotInput | null>>;
}
