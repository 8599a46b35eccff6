import { z } from "zod";
import { shortJson } from "../../core/json.ts";

/** Our blocks for the activations of transformers (`ACT2FN`), by its names. */
const blocks: Readonly<Record<string, string>> = {
  gelu: "Gelu",
  gelu_python: "Gelu",
  gelu_new: "GeluTanh",
  gelu_fast: "GeluTanh",
  gelu_accurate: "GeluTanh",
  gelu_pytorch_tanh: "GeluTanh",
  quick_gelu: "QuickGelu",
  relu: "Relu",
  relu2: "SquaredRelu",
  silu: "Silu",
  swish: "Silu",
  tanh: "Tanh",
  linear: "Identity",
};

/** A field that names an activation of transformers: gives the block. */
export function activation(byDefault: string) {
  return z
    .string()
    .default(byDefault)
    .refine((name) => Object.hasOwn(blocks, name), {
      error: ({ input }) => `${shortJson(input)} is not supported, only ${Object.keys(blocks).join(", ")}`,
    })
    .transform((name) => ({ type: blocks[name]! }));
}
