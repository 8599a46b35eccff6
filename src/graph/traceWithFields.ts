import type { z } from "zod";
import type { BlockDefinition } from "../core/block.ts";
import { parseConfig } from "../core/config.ts";
import { isObject } from "../core/json.ts";
import type { Ports } from "../core/port.ts";
import { evaluateDim } from "../core/shape.ts";
import type { GraphBlock } from "./graph.ts";
import { type TraceOptions, trace, withSizes } from "./trace.ts";

/**
 * Opens a composite block to its inside, as `trace` does, and keeps fields of its configuration as fields of the inside: what
 * follows from `dim` is `"$dim"` there, or arithmetic such as `"$dim*4"`. What follows from a field is found by tracing with other
 * values of it. A field on which the inside depends in another way keeps its value as a number.
 * @throws FlamingoError as `trace` does
 */
export function traceWithFields<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  fields: readonly string[],
  options: TraceOptions = {},
): GraphBlock {
  const base = trace(definition, config, options);
  const values = parseConfig(definition, config) as Record<string, unknown>;
  let kept = base;
  for (const field of fields) {
    const value = values[field];
    if (typeof value !== "number") continue;
    const others = factors.map((factor) =>
      tracedOtherwise(definition, { ...values, [field]: value * factor } as z.input<C>, options),
    );
    const nodes = withField(kept.nodes, [base, ...others], { field, value });
    if (nodes) kept = { ...kept, nodes, config: { ...kept.config, [field]: value } };
  }
  const unnamed = Object.fromEntries(Object.entries(values).filter(([field]) => !(field in kept.config)));
  const shapesOf = (own: GraphBlock["inputs"], ports: Ports) =>
    Object.fromEntries(
      Object.entries(own).map(([port, spec]) => [
        port,
        { ...spec, shape: withSizes(ports[port]!.shape, unnamed).join(" ") },
      ]),
    );
  return {
    ...kept,
    inputs: shapesOf(kept.inputs, definition.inputs),
    outputs: shapesOf(kept.outputs, definition.outputs),
  };
}

/** A multiple of a size stays divisible by what that was divisible by, such as a number of heads. Two tell a formula from chance. */
const factors = [3, 5] as const;

function tracedOtherwise<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  options: TraceOptions,
): GraphBlock | undefined {
  try {
    return trace(definition, config, options);
  } catch {
    return undefined; // the block does not take such a value
  }
}

interface Varied {
  field: string;
  value: number;
}

/** The nodes with a field's name where the traces differ; undefined if they differ in another way. */
function withField(
  nodes: GraphBlock["nodes"],
  traces: readonly (GraphBlock | undefined)[],
  varied: Varied,
): GraphBlock["nodes"] | undefined {
  const [base, ...others] = traces;
  if (!base || others.some((other) => !other || !sameStructure(base, other))) return undefined;
  const unlike = Symbol();
  const refuse = (): never => {
    throw unlike;
  };
  const join = (now: unknown, [was, ...are]: readonly unknown[]): unknown => {
    if (typeof was === "number" && are.every((value) => typeof value === "number")) {
      if (are.every((value) => value === was)) return now;
      // Another field has a part in the value already.
      if (now !== was) return refuse();
      return `$${formulaOf([was, ...are], varied) ?? refuse()}`;
    }
    if (Array.isArray(was)) {
      if (!are.every((list): list is unknown[] => Array.isArray(list) && list.length === was.length)) return refuse();
      return was.map((item, at) => join((now as unknown[])[at], [item, ...are.map((list) => list[at])]));
    }
    if (isObject(was) && are.every((record) => isObject(record) && sameKeys(was, record))) {
      const all = [was, ...are] as (typeof was)[];
      const entries = Object.entries(now as typeof was).map(([key, value]) => [
        key,
        join(
          value,
          all.map((record) => record[key]),
        ),
      ]);
      return Object.fromEntries(entries);
    }
    return are.every((value) => value === was) ? now : refuse();
  };
  try {
    const all = [base, ...(others as GraphBlock[])];
    return join(
      nodes,
      all.map((each) => each.nodes),
    ) as GraphBlock["nodes"];
  } catch (error) {
    if (error === unlike) return undefined;
    throw error;
  }
}

function sameKeys(a: object, b: object): boolean {
  return Object.keys(a).join("\n") === Object.keys(b).join("\n");
}

/** Whether two insides have the same edges. */
function sameStructure(a: GraphBlock, b: GraphBlock): boolean {
  return JSON.stringify(a.edges) === JSON.stringify(b.edges);
}

/** What gives the first number for a field's value, and the others for multiples of it: the field, or it with a constant. */
function formulaOf(numbers: readonly number[], { field, value }: Varied): string | undefined {
  const was = numbers[0]!;
  const candidates = [
    field,
    `${field}*${Math.round(was / value)}`,
    `${field}/${Math.round(value / was)}`,
    was > value ? `${field}+${was - value}` : `${field}-${value - was}`,
  ];
  const gives = (text: string) =>
    [1, ...factors].every((factor, at) => evaluateDim(text, () => value * factor) === numbers[at]);
  return candidates.find((text) => !/\D0$|Infinity|NaN/.test(text) && gives(text));
}
