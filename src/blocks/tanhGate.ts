import { z } from "zod";
import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { gatedAdd } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

const inputs = {
  x: float32("...shape", "the residual stream"),
  update: float32("...shape", "the update of a layer"),
};

/**
 * Adds an update to a residual stream through a tanh gate that starts closed.
 *
 * y = x + tanh(α) · update. The scalar α starts at 0, so a new layer leaves the language model's output exactly as it
 * was; then dL/dα = Σ update · dL/dy is the only gradient behind the gate that is not 0. Shapes: `x`, `update` and
 * `y` [...]; the weight has shape [1] and the block's own name (`attn_gate`), as in OpenFlamingo.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.2 and Figure 4, arXiv:2204.14198
 */
export const TanhGate = definePrimitive({
  name: "TanhGate",
  title: "Tanh gate",
  category: "Fusion",
  summary: "Adds an update to a residual stream through a tanh gate that starts closed.",
  paper: "2.2, Figure 4",
  config: z.strictObject({}),
  example: {},
  inputs,
  outputs: { y: float32("...shape", "the residual stream with the gated update") },
  chunks: { along: "shape" },
  build(_config, { weight }) {
    const gate = weight("", [1], { kind: "zeros" }, { role: "gate" });
    return ({ x, update }) => gatedAdd(x, update, gate);
  },
});

/** A slot for the gate of a new layer: how its update enters the residual stream. */
export const gateSlot = slot({
  title: "Gate",
  description: "How the updates of the layer enter the residual stream: behind a tanh gate, or as they are.",
  inputs,
  outputs: { y: float32("...shape", "the residual stream with the update") },
  default: TanhGate,
});
