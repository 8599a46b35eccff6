import type { z } from "zod";
import type { BlockDefinition } from "./block.ts";
import { FlamingoError } from "./errors.ts";
import { type InstantiateOptions, instantiate } from "./instantiate.ts";
import type { Ports } from "./port.ts";
import type { Reading, Start } from "./reading.ts";
import { sizeOf } from "./shape.ts";
import type { WeightSpec } from "./weight.ts";

/** The weights that a block would have, by name, without making any: an 80B configuration costs no memory. */
export function describeWeights<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  options: InstantiateOptions = {},
): WeightSpec[] {
  const weights: WeightSpec[] = [];
  const reading: Reading = { weight: (spec) => void addWeight(weights, spec), call: () => ({}) };
  instantiate(definition, config, reading, options);
  return weights;
}

/** Which pretrained weights a block and those inside it start from, a block before those inside it. */
export function describeStarts<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  options: InstantiateOptions = {},
): Start[] {
  const starts: Start[] = [];
  const reading: Reading = {
    weight: () => undefined,
    starts: (start) => void starts.push(start),
    call: () => ({}),
  };
  instantiate(definition, config, reading, options);
  return starts;
}

/** How many numbers some weights hold, and how many of them are trained. */
export function countParameters(weights: readonly WeightSpec[]): { weights: number; trainable: number } {
  const sum = (specs: readonly WeightSpec[]) => specs.reduce((total, spec) => total + sizeOf(spec), 0);
  return { weights: sum(weights), trainable: sum(weights.filter(({ frozen }) => !frozen)) };
}

/** More weights than any real model has, and fewer than would block the studio. */
const mostWeights = 50_000;

function addWeight(weights: WeightSpec[], spec: WeightSpec): void {
  weights.push(spec);
  if (weights.length <= mostWeights) return;
  throw new FlamingoError("INVALID_CONFIG", `the model has more than ${mostWeights} weights`, {
    fix: "set fewer layers",
  });
}
