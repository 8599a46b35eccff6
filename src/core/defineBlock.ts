import type { z } from "zod";
import type { BlockDefinition, CompositeScope } from "./block.ts";
import type { Forward, Value } from "./call.ts";
import type { Ports } from "./port.ts";
import { register } from "./registry.ts";

/**
 * Defines a block made of other blocks. Its `build` is plain code over its children: called on tensors it computes,
 * called on symbolic tensors it records the graph that the editor opens.
 */
export function defineBlock<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: CompositeInput<C, I, O>,
): BlockDefinition<C, I, O> {
  return register({ ...definition, kind: "composite" });
}

type CompositeInput<C extends z.ZodObject, I extends Ports, O extends Ports> = Omit<
  BlockDefinition<C, I, O>,
  "kind" | "build" | "probes" | "chunks"
> & { build(config: z.output<C>, scope: CompositeScope): Forward<I, O, Value> };
