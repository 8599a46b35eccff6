import type { z } from "zod";
import type { AnyBlock, BlockDefinition, BlockLookup, ChildOptions, SlotValue } from "./block.ts";
import { type AnyCall, type Call, callable, outputsByName, type Value } from "./call.ts";
import { parseConfig } from "./config.ts";
import { fill, slotsOf, throughSlot } from "./fillSlot.ts";
import { Composite, outsideComposites } from "./functional.ts";
import { type Inherited, inherited, outermost, weightSpec } from "./inherited.ts";
import type { Ports } from "./port.ts";
import { type CallSite, join, type Reading } from "./reading.ts";
import { findBlock } from "./registry.ts";

export interface InstantiateOptions extends ChildOptions {
  /** The prefix of its weights' names; none by default. */
  path?: string;
  /** What it has from blocks around it, where it is made apart from them. */
  around?: Inherited | undefined;
  /** Finds the blocks that slots name; all that were defined by default. */
  find?: BlockLookup;
}

/**
 * Makes a block under a reading: the one way in which blocks come to life, computing or symbolic.
 * @throws FlamingoError INVALID_CONFIG; UNKNOWN_BLOCK or SLOT_MISMATCH for a slot that cannot be filled so
 */
export function instantiate<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  reading: Reading,
  { path = "", find = findBlock, around = outermost, ...options }: InstantiateOptions = {},
): Call<I, O, Value> {
  return place(definition, config, { reading, find, path, options, around }) as never;
}

/** Where a block is made. */
interface Place {
  reading: Reading;
  find: BlockLookup;
  path: string;
  options: ChildOptions;
  around: Inherited;
  parent?: CallSite;
}

function place(definition: AnyBlock, config: unknown, at: Place): AnyCall {
  const { reading, path, options } = at;
  const own = inherited(definition, options, at.around);
  if (options.weights !== undefined) reading.starts?.({ path, weights: options.weights, type: definition.name });
  const parsed = parseConfig(definition, config) as Record<string, unknown>;
  const slots = slotsOf(definition, parsed);
  const site: CallSite = { definition, config: parsed, path, options, parent: at.parent, forward: notBuilt };
  const scope = new Composite(site, reading);
  const code = definition.build(parsed, {
    child: (
      name: string,
      block: AnyBlock | SlotValue,
      given: Record<string, unknown>,
      childOptions: ChildOptions = {},
    ) => {
      scope.names.add(name);
      const below = { ...at, path: join(path, name), options: childOptions, around: own, parent: site };
      if ("build" in block) return place(block, given, below) as never;
      const spec = slots.get(block);
      const { filling, config } = fill(block, spec, given, at.find, definition.name);
      const filled =
        block.weights === undefined ? below : { ...below, options: { ...childOptions, weights: block.weights } };
      return throughSlot(place(filling, config, filled), spec, filling) as never;
    },
    weight: (name, shape, initial, weightOptions) =>
      reading.weight(weightSpec(join(path, name), shape, initial, weightOptions, own)),
    matrix: (name, shape, initial, weightOptions) =>
      reading.weight({ ...weightSpec(join(path, name), shape, initial, weightOptions, own), matrix: true }),
    path,
    frozen: own.frozen === true || (own.frozen === "pretrained" && own.pretrained),
  }) as (inputs: unknown, cache?: unknown) => unknown;
  const outputs = Object.keys(definition.outputs);
  site.forward =
    definition.kind === "composite"
      ? (inputs) =>
          outputsByName(
            outputs,
            scope.run(() => code(inputs)),
          )
      : (inputs, cache) =>
          outputsByName(
            outputs,
            outsideComposites(() => code(inputs, cache)),
          );
  return callable(definition, (inputs) => reading.call(site, inputs));
}

function notBuilt(): never {
  throw new Error("a block was called while it is being built");
}
