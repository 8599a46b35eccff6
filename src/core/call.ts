import type { Ports } from "./port.ts";

/** A tensor as composite blocks see it: something to pass on. Only primitives compute with it. */
export interface Value {
  readonly shape: readonly number[];
  readonly dtype: string;
}

type PortKeys<P extends Ports, Optional extends boolean> = {
  [K in keyof P]: P[K] extends { optional: true }
    ? Optional extends true
      ? K
      : never
    : Optional extends true
      ? never
      : K;
}[keyof P];

/** The values for a block's input ports, by name. */
export type InputsOf<I extends Ports, T> = { [K in PortKeys<I, false>]: T } & {
  [K in PortKeys<I, true>]?: T | undefined;
};

type IsSingle<K, All = K> = [K] extends [never]
  ? false
  : (K extends K ? ([All] extends [K] ? true : false) : never) extends true
    ? true
    : false;

/** What a block returns: the tensor itself if it has one output port, else the outputs by name. */
export type ResultOf<O extends Ports, T> = IsSingle<keyof O> extends true ? T : { [K in keyof O]: T };

/** A block's code: takes the inputs by name. */
export type Forward<I extends Ports, O extends Ports, T> = (inputs: InputsOf<I, T>) => ResultOf<O, T>;

/** Calls a block that was made: with the inputs by name, or by position in the order of the ports. */
export interface Call<I extends Ports, O extends Ports, T> {
  (inputs: InputsOf<I, T>): ResultOf<O, T>;
  (...inputs: [T, ...(T | undefined)[]]): ResultOf<O, T>;
}

export type AnyCall = (...inputs: unknown[]) => unknown;

/** A block as a function over its inputs by name, or in the order of its ports. */
export function callable(
  definition: { inputs: Ports; outputs: Ports },
  call: (inputs: Record<string, Value | undefined>) => Record<string, Value>,
): AnyCall {
  const ports = Object.keys(definition.inputs);
  const outputs = Object.keys(definition.outputs);
  return (...given) => resultOf(outputs, call(inputsByName(ports, given)));
}

/** The inputs of a call by name, whether it was made by name or by position. */
export function inputsByName(ports: readonly string[], given: readonly unknown[]): Record<string, Value | undefined> {
  const first = given[0] as Value | Record<string, Value | undefined>;
  if (first !== undefined && !isValue(first)) return first;
  return Object.fromEntries(given.map((value, at) => [ports[at] ?? `input ${at + 1}`, value as Value | undefined]));
}

function isValue(value: Value | Record<string, Value | undefined>): value is Value {
  return Array.isArray(value.shape);
}

/** What a block returns for its outputs by name: the value itself if it has one output. */
export function resultOf<T>(outputs: readonly string[], values: Readonly<Record<string, T>>): T | typeof values {
  return outputs.length === 1 ? values[outputs[0]!]! : values;
}

/** A block's outputs by name, for what it returned. */
export function outputsByName(outputs: readonly string[], result: unknown): Record<string, Value> {
  return outputs.length === 1 ? { [outputs[0]!]: result as Value } : (result as Record<string, Value>);
}
