import type { z } from "zod";
import type { BlockDefinition, PrimitiveScope } from "../../core/block.ts";
import type { InputsOf, ResultOf } from "../../core/call.ts";
import type { Cache } from "../../core/chunks.ts";
import type { Ports } from "../../core/port.ts";
import { register } from "../../core/registry.ts";
import type { Matrix } from "../ops/quantized.ts";
import type { Tensor } from "../tensor.ts";

type PrimitiveInput<C extends z.ZodObject, I extends Ports, O extends Ports> = Omit<
  BlockDefinition<C, I, O>,
  "kind" | "build" | "probes"
> & {
  build(
    config: z.output<C>,
    scope: PrimitiveScope<Tensor, Matrix>,
  ): (inputs: InputsOf<I, Tensor>, cache?: Cache<Tensor>) => ResultOf<O, Matrix>;
  probes?: Readonly<Record<string, (config: z.output<C>, inputs: InputsOf<I, Tensor>) => Tensor>>;
};

/**
 * Defines a block whose code is tensor code: where a composite's calls end. Symbolic readings stop here, so its code
 * only ever sees real tensors.
 */
export function definePrimitive<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: PrimitiveInput<C, I, O>,
): BlockDefinition<C, I, O> {
  const block: BlockDefinition<C, I, O> = { ...definition, kind: "primitive" };
  return register(block);
}
