import type { z } from "zod";
import type { AnyBlock, BlockLookup, SlotValue } from "./block.ts";
import { type AnyCall, inputsByName, outputsByName, resultOf } from "./call.ts";
import { FlamingoError } from "./errors.ts";
import { misfit, type SlotSpec } from "./misfit.ts";

/** The slots among a configuration's fields, by their values. */
export function slotsOf(definition: AnyBlock, config: Record<string, unknown>): Map<unknown, SlotSpec> {
  const slots = new Map<unknown, SlotSpec>();
  for (const [field, schema] of Object.entries(definition.config.shape as Record<string, z.ZodType>)) {
    const spec = schema.meta()?.slot as SlotSpec | undefined;
    if (spec && config[field]) slots.set(config[field], spec);
  }
  return slots;
}

/** The block that fills a slot, and its whole configuration: its own, and what the block around gives. */
export function fill(
  slot: SlotValue,
  spec: SlotSpec | undefined,
  given: Record<string, unknown>,
  find: BlockLookup,
  around: string,
): { filling: AnyBlock; config: Record<string, unknown> } {
  const filling = find(slot.type);
  if (!filling) {
    throw new FlamingoError(
      "UNKNOWN_BLOCK",
      `a slot of ${around} names the block "${slot.type}", which does not exist`,
      {
        block: around,
        actual: slot.type,
        fix: "name a block of the catalog or of this pipeline",
      },
    );
  }
  const reason = spec && misfit(spec, { ...filling, fields: Object.keys(filling.config.shape) });
  if (reason) {
    throw new FlamingoError("SLOT_MISMATCH", `${slot.type} does not fit the slot of ${around}: it ${reason}`, {
      block: around,
      actual: slot.type,
      fix: "choose another block, or change its ports",
    });
  }
  const taken = Object.entries(given).filter(([field, value]) => field in filling.config.shape && value !== undefined);
  const twice = taken.find(([field, value]) => field in slot.config && slot.config[field] !== value);
  if (twice) {
    const [field, value] = twice;
    const message = `config.${field} of ${slot.type} is ${slot.config[field]}, but ${around} gives it ${value}`;
    throw new FlamingoError("INVALID_CONFIG", message, { block: slot.type, fix: `leave ${field} out in the slot` });
  }
  return { filling, config: { ...slot.config, ...Object.fromEntries(taken) } };
}

/**
 * Calls the block in a slot by the ports of the slot: optional ports that the block lacks are left out, the order is the slot's, and outputs
 * that the slot does not have are not passed on.
 */
export function throughSlot(call: AnyCall, spec: SlotSpec | undefined, filling: AnyBlock): AnyCall {
  if (!spec) return call;
  const [ports, outputs] = [Object.keys(spec.inputs), Object.keys(spec.outputs)];
  return (...given) => {
    const inputs = inputsByName(ports, given);
    const result = call(Object.fromEntries(Object.entries(inputs).filter(([port]) => port in filling.inputs)));
    return resultOf(outputs, outputsByName(Object.keys(filling.outputs), result));
  };
}
