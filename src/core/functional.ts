import type { z } from "zod";
import type { AnyBlock, BlockDefinition } from "./block.ts";
import { type Call, callable, outputsByName, type Value } from "./call.ts";
import { parseConfig } from "./config.ts";
import type { Ports } from "./port.ts";
import { type CallSite, join, type Reading } from "./reading.ts";

/**
 * A block without weights as a function for the code of composites: `const add = functional(Add)`, then `add(x, update)`. A trace
 * records the call like a child's, with an id made of the block's name. Outside any block it computes at once.
 */
export function functional<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
): Functional<C, I, O> {
  const within = (config: Record<string, unknown>) =>
    callable(definition, (inputs) =>
      running ? running.call(definition, config, inputs) : functionalSite(definition, config, "").forward(inputs),
    );
  const plain = within({});
  return Object.assign((...inputs: unknown[]) => plain(...inputs), { with: within }) as unknown as Functional<C, I, O>;
}

/** A block as a function: called with values, or first `with` a configuration. */
export interface Functional<C extends z.ZodObject, I extends Ports, O extends Ports> extends Call<I, O, Value> {
  with(config: z.input<C>): Call<I, O, Value>;
}

/** The composite whose code is running: functional blocks that are called now belong to it. A global variable, since the code is synchronous. */
let running: Composite | undefined;

/** Runs a primitive's code, whose calls do not belong to the composite around it. */
export function outsideComposites<Result>(code: () => Result): Result {
  const outer = running;
  running = undefined;
  try {
    return code();
  } finally {
    running = outer;
  }
}

/** A composite, and the functional blocks that its code calls. */
export class Composite {
  readonly #site: CallSite;
  readonly #reading: Reading;
  readonly names = new Set<string>();
  readonly #called = new Map<string, { site: CallSite; given: Record<string, unknown> }>();
  #calls = new Map<string, number>();

  constructor(site: CallSite, reading: Reading) {
    this.#site = site;
    this.#reading = reading;
  }

  /** Runs the composite's code with this as the place of its functional calls. */
  run<Result>(code: () => Result): Result {
    const [outer, calls] = [running, this.#calls];
    running = this;
    this.#calls = new Map();
    try {
      return code();
    } finally {
      running = outer;
      this.#calls = calls;
    }
  }

  /** Calls a functional block. Each call in the code has a place of its own, the same one each time the code runs. */
  call(definition: AnyBlock, given: Record<string, unknown>, inputs: Record<string, Value | undefined>) {
    const call = (this.#calls.get(definition.name) ?? 0) + 1;
    this.#calls.set(definition.name, call);
    const key = `${definition.name} ${call}`;
    let known = this.#called.get(key);
    if (!known || !sameFields(known.given, given)) {
      const path = join(this.#site.path, this.#nameOf(definition.name, call));
      known = { given, site: functionalSite(definition, given, path, this.#site) };
      this.#called.set(key, known);
    }
    return this.#reading.call(known.site, inputs);
  }

  #nameOf(block: string, call: number): string {
    const base = block.replace(/(?<=[a-z0-9])[A-Z]/g, "_$&").toLowerCase();
    let name = call === 1 ? base : `${base}_${call}`;
    // A child of this name, or one below it, has the name already.
    while (this.names.has(name) || [...this.names].some((child) => child.startsWith(`${name}.`))) name = `${name}_op`;
    return name;
  }
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const [left, right] = [Object.keys(a), Object.keys(b)];
  return left.length === right.length && left.every((key) => a[key] === b[key]);
}

function functionalSite(
  definition: AnyBlock,
  given: Record<string, unknown>,
  path: string,
  parent?: CallSite,
): CallSite {
  const config = parseConfig(definition, given) as Record<string, unknown>;
  const code = definition.build(config, {
    child: () => refuseParts(definition),
    weight: () => refuseParts(definition),
    matrix: () => refuseParts(definition),
    path,
    frozen: false,
  }) as (inputs: unknown, cache?: unknown) => unknown;
  const outputs = Object.keys(definition.outputs);
  return {
    definition,
    config,
    path,
    options: {},
    parent,
    forward: (inputs, cache) => outputsByName(outputs, code(inputs, cache)),
  };
}

function refuseParts({ name }: AnyBlock): never {
  throw new Error(`${name} has weights or children, so it cannot be called as a function`);
}
