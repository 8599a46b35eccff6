import type { Value } from "../../core/call.ts";
import { checkInputs } from "../../core/check.ts";
import { FlamingoError } from "../../core/errors.ts";
import type { CallSite, Reading } from "../../core/reading.ts";
import { printShape } from "../../core/shape.ts";
import type { WeightSpec } from "../../core/weight.ts";
import { recomputed } from "../autodiff/recompute.ts";
import { allRows } from "../ops/embedding.ts";
import { type Matrix, QuantizedMatrix } from "../ops/quantized.ts";
import { clone, type Tensor, type TensorContainer, tidy } from "../tensor.ts";
import type { Weights } from "./weights.ts";

/** Reads a tensor of blocks while they compute. */
export interface Probe {
  /** Which tensor: that of a port, or one that the block computes for those who ask (`weights` of attention). */
  of: { input: string } | { output: string } | { probe: string };
  /** Whether to read it of this block. */
  at(path: string, config: Readonly<Record<string, unknown>>): boolean;
  /** Gets a tensor of its own, and keeps it (`keep`) where it needs it after the call. */
  see(path: string, value: Tensor): void;
}

/**
 * The reading that computes: a block's weights are variables on the device, and a call runs its code. Shapes are checked
 * against the ports the first time a block meets them.
 */
export class Eager implements Reading {
  readonly weights: Weights;
  /** Put before every weight's name: the id of the node in its pipeline. */
  readonly #prefix: string;
  readonly #checked = new Set<string>();
  /** Probes that read now. Empty while training, so that probes cost nothing. */
  probes: readonly Probe[] = [];
  /** Gradient checkpointing: of a layer only the inputs are kept for the backward pass, which computes its inside again. */
  checkpointing = false;

  constructor(weights: Weights, prefix = "") {
    this.weights = weights;
    this.#prefix = prefix;
  }

  weight(spec: WeightSpec): Matrix {
    return this.weights.hold({ ...spec, name: this.#name(spec.name) });
  }

  call(site: CallSite, inputs: Record<string, Value | undefined>): Record<string, Value> {
    const signature = this.#signature(site, inputs);
    const known = this.#checked.has(signature);
    const expected = known
      ? undefined
      : checkInputs(site.definition, site.config, inputs, this.#name(site.path)).outputs;
    // Intermediate results are freed at once, unless the gradient's tape keeps them.
    const outputs = tidy(() => this.#compute(site, inputs) as TensorContainer) as unknown as Record<string, Value>;
    if (expected) {
      this.#checkOutputs(site, expected, outputs);
      this.#checked.add(signature);
    }
    for (const probe of this.probes) this.#read(probe, site, inputs, outputs);
    return outputs;
  }

  #compute(site: CallSite, inputs: Record<string, Value | undefined>): Record<string, Value> {
    if (!this.checkpointing || !site.definition.layer) return site.forward(inputs);
    const given = Object.entries(inputs).filter((entry): entry is [string, Tensor] => entry[1] !== undefined);
    const learning = this.weights.trainable(this.#name(site.path));
    return recomputed(
      (tensors) => newTensors(site.forward(tensors) as Record<string, Tensor>, tensors),
      Object.fromEntries(given),
      learning.map(({ variable }) => variable),
    );
  }

  #read(
    { of, at, see }: Probe,
    { definition, config, path }: CallSite,
    inputs: Record<string, Value | undefined>,
    outputs: Record<string, Value>,
  ): void {
    const name = this.#name(path);
    if (!at(name, config)) return;
    if ("probe" in of) {
      const compute = definition.probes?.[of.probe];
      if (compute) see(name, compute(config, inputs as never) as Tensor);
      return;
    }
    const value = "input" in of ? inputs[of.input] : outputs[of.output];
    if (value) see(name, value instanceof QuantizedMatrix ? allRows(value) : clone(value as Tensor));
  }

  #name(path: string): string {
    return this.#prefix && path ? `${this.#prefix}.${path}` : this.#prefix || path;
  }

  #signature(site: CallSite, inputs: Record<string, Value | undefined>): string {
    let text = site.path;
    for (const port in inputs) text += `|${port}:${inputs[port]?.shape.join()}`;
    return text;
  }

  /** A block that gives another shape than its ports declare is at fault itself. */
  #checkOutputs(
    site: CallSite,
    expected: Record<string, readonly (number | string)[]>,
    outputs: Record<string, Value>,
  ): void {
    for (const [port, shape] of Object.entries(expected)) {
      const actual = outputs[port]?.shape;
      const fits =
        actual?.length === shape.length &&
        shape.every((size, axis) => typeof size === "string" || size === actual[axis]);
      if (fits) continue;
      const message = `${site.definition.name} declares ${printShape(shape)} for its output "${port}" but gave ${actual ? printShape(actual) : "nothing"}`;
      throw new FlamingoError("SHAPE_MISMATCH", message, {
        block: this.#name(site.path),
        port,
        fix: "mend the block's ports or its code",
      });
    }
  }
}

/** The outputs of a layer as tensors of their own: it may return an input as it is, such as text where there is no media. */
function newTensors(outputs: Record<string, Tensor>, inputs: Record<string, Tensor>): Record<string, Tensor> {
  const given = new Set(Object.values(inputs));
  const entries = Object.entries(outputs).map(([port, value]) => [port, given.has(value) ? clone(value) : value]);
  return Object.fromEntries(entries) as Record<string, Tensor>;
}
