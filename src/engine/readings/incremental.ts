import type { Value } from "../../core/call.ts";
import { checkInputs } from "../../core/check.ts";
import type { Cache } from "../../core/chunks.ts";
import { FlamingoError } from "../../core/errors.ts";
import type { Ports } from "../../core/port.ts";
import type { CallSite, Reading } from "../../core/reading.ts";
import { isEllipsis, namesIn } from "../../core/shape.ts";
import type { WeightSpec } from "../../core/weight.ts";
import { clone, dispose, gather, keep, type Tensor, tensor, tidy } from "../tensor.ts";
import { KvCache } from "./kvCache.ts";
import { keepName } from "./names.ts";
import type { Weights } from "./weights.ts";

/**
 * The incremental reading: blocks read a text chunk by chunk, and each chunk costs its own positions only.
 *
 * What does not depend on the text (images, and the keys and values made of them) is computed with the first chunk and
 * kept. Of what does, most blocks work on each position alone; attention has a KV cache, and blocks that count tags or
 * positions continue from the chunk before. Positions are the second axis of every tensor that depends on the text.
 *
 * @example
 * const text = new Incremental(weights);
 * const model = instantiate(FlamingoLanguageModel, config, text.reading());
 * const logits = text.read(ids, (ids) => model({ ids, media })); // [rows, positions of this chunk, tokens]
 */
export class Incremental {
  readonly #weights: Weights;
  #positions = 0;
  #chunks = 0;
  /** Values that depend on the text, of the chunk that is being read. */
  readonly #growing = new Set<Value>();
  readonly #blocks = new Map<CallSite, BlockState>();
  /** Whether a block that does not depend on the text is being computed: its inside need not be kept as well. */
  #insideConstant = false;

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  /** A reading for `instantiate`. @param prefix put before every weight's name: the id of a node in its pipeline */
  reading(prefix = ""): Reading {
    const nameOf = (path: string) => (prefix && path ? `${prefix}.${path}` : prefix || path);
    return {
      weight: (spec: WeightSpec) => this.#weights.hold({ ...spec, name: nameOf(spec.name) }),
      call: (site, inputs) => {
        let block = this.#blocks.get(site);
        if (!block) {
          block = new BlockState(site, nameOf(site.path));
          this.#blocks.set(site, block);
        }
        return this.#call(block, inputs);
      },
    };
  }

  /**
   * Reads a chunk of the text: `ids` [rows, positions], with the same number of rows each time.
   * @param compute makes the result from the ids, by blocks under this object's readings
   * @param others further values that come in such chunks, such as a mask
   * @throws FlamingoError NOT_INCREMENTAL if a block needs the whole text; this object is then of no further use
   */
  read(ids: Tensor, compute: (ids: Tensor) => Tensor, others: readonly Tensor[] = []): Tensor {
    this.#chunks++;
    for (const value of [ids, ...others]) this.#growing.add(value);
    try {
      const result = tidy(() => compute(ids));
      this.#positions += ids.shape[1]!;
      return result;
    } finally {
      this.#growing.clear();
    }
  }

  /** Row r continues what row `rows[r]` has read; what does not depend on the text stays as it was, row by row. */
  select(rows: readonly number[]): void {
    if (rows.every((from, row) => from === row)) return;
    const chosen = tensor(Int32Array.from(rows), [rows.length], "int32");
    for (const { caches } of this.#blocks.values()) for (const cache of caches) cache?.select(chosen);
    chosen.dispose();
  }

  dispose(): void {
    for (const { constants, caches } of this.#blocks.values()) {
      for (const outputs of constants) if (outputs) dispose(outputs as Record<string, Tensor>);
      for (const cache of caches) cache?.dispose();
    }
    this.#blocks.clear();
    this.#positions = 0;
  }

  #call(block: BlockState, inputs: Record<string, Value | undefined>): Record<string, Value> {
    const { site } = block;
    if (this.#insideConstant) return site.forward(inputs);
    const call = block.countCall(this.#chunks);
    // A text has as many rows each time: shapes that fitted once fit again.
    if (this.#positions === 0) checkInputs(site.definition, site.config, inputs, block.path);
    if (!this.#anyGrows(inputs)) return this.#computeOnce(block, call, inputs);
    if (site.definition.kind === "composite") return site.forward(inputs);
    for (const port of block.alongInputs)
      if (inputs[port] && !this.#growing.has(inputs[port]))
        throw block.refusal(`its input "${port}" does not come in chunks as the others do`);
    if (!site.definition.chunks) throw block.refusal("it does not take a text in chunks");
    const outputs = site.forward(inputs, block.takesCache ? this.#cacheOf(block, call, inputs) : undefined);
    for (const port of block.alongOutputs) this.#growing.add(outputs[port]!);
    return outputs;
  }

  #anyGrows(inputs: Record<string, Value | undefined>): boolean {
    for (const port in inputs) if (inputs[port] && this.#growing.has(inputs[port])) return true;
    return false;
  }

  /** What does not depend on the text is the same for every chunk. */
  #computeOnce(block: BlockState, call: number, inputs: Record<string, Value | undefined>): Record<string, Value> {
    const known = block.constants[call];
    if (known) return known;
    this.#insideConstant = true;
    try {
      const outputs = Object.entries(block.site.forward(inputs));
      const kept = Object.fromEntries(outputs.map(([port, value]) => [port, keepName(value)]));
      block.constants[call] = kept;
      return kept;
    } finally {
      this.#insideConstant = false;
    }
  }

  #cacheOf(block: BlockState, call: number, inputs: Record<string, Value | undefined>): Cache<unknown> {
    let cache = block.caches[call];
    if (!cache) {
      cache = new CallCache((reason) => block.refusal(reason));
      block.caches[call] = cache;
    }
    cache.length = this.#positions;
    cache.growing = Object.keys(inputs).filter((port) => inputs[port] && this.#growing.has(inputs[port]));
    return cache;
  }
}

/** What is kept of a block from chunk to chunk, for each of its calls: it may be called more than once. */
class BlockState {
  readonly site: CallSite;
  readonly path: string;
  readonly takesCache: boolean;
  /** Ports that have the axis along which a text is divided into chunks. */
  readonly alongInputs: readonly string[];
  readonly alongOutputs: readonly string[];
  /** Outputs that do not depend on the text. */
  readonly constants: (Record<string, Value> | undefined)[] = [];
  readonly caches: (CallCache | undefined)[] = [];
  #chunk = 0;
  #calls = 0;

  constructor(site: CallSite, path: string) {
    this.site = site;
    this.path = path;
    const { chunks, inputs, outputs } = site.definition;
    this.takesCache = chunks?.cache ?? false;
    this.alongInputs = portsAlong(inputs, chunks?.along);
    this.alongOutputs = portsAlong(outputs, chunks?.along);
  }

  /** Which call of this block it is within the chunk. */
  countCall(chunk: number): number {
    if (chunk !== this.#chunk) this.#calls = 0;
    this.#chunk = chunk;
    return this.#calls++;
  }

  refusal(reason: string): FlamingoError {
    const { name } = this.site.definition;
    return new FlamingoError(
      "NOT_INCREMENTAL",
      `${name} at "${this.path}" cannot continue from chunk to chunk: ${reason}`,
      {
        block: this.path || name,
        fix: "read the whole text each time",
      },
    );
  }
}

function portsAlong(ports: Ports, axis: string | undefined): string[] {
  if (axis === undefined) return [];
  return Object.keys(ports).filter((port) =>
    ports[port]!.shape.some((dim) => (isEllipsis(dim) ? dim === `...${axis}` : namesIn(dim).includes(axis))),
  );
}

/** What one call of a primitive knows of the chunks before. */
class CallCache implements Cache<Tensor> {
  length = 0;
  growing: readonly string[] = [];
  readonly refusal: (reason: string) => FlamingoError;
  readonly #once = new Map<string, Value>();
  readonly #stored = new Map<string, Tensor>();
  readonly #caches = new Map<string, KvCache>();

  constructor(refusal: (reason: string) => FlamingoError) {
    this.refusal = refusal;
  }

  grows(port: string): boolean {
    return this.growing.includes(port);
  }

  once<Same extends Value>(name: string, compute: () => Same): Same {
    const known = this.#once.get(name);
    if (known) return known as Same;
    const value = keepName(compute());
    this.#once.set(name, value);
    return value;
  }

  get(name: string): Tensor | undefined {
    return this.#stored.get(name);
  }

  set(name: string, value: Tensor): void {
    const old = this.#stored.get(name);
    this.#stored.set(name, keep(clone(value)));
    old?.dispose();
  }

  append(name: string, chunk: Tensor): { buffer: Tensor; length: number } {
    const cache = this.#caches.get(name) ?? new KvCache();
    this.#caches.set(name, cache);
    return cache.append(chunk);
  }

  select(rows: Tensor): void {
    for (const [name, value] of this.#stored) tidy(() => this.set(name, gather(value, rows)));
    for (const cache of this.#caches.values()) cache.select(rows);
  }

  dispose(): void {
    dispose([...this.#once.values(), ...this.#stored.values()] as Tensor[]);
    for (const cache of this.#caches.values()) cache.dispose();
  }
}
