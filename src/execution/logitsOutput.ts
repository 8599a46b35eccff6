import { FlamingoError } from "../core/errors.ts";
import type { OutputPort } from "../evaluation/blockGraph.ts";
import type { Graph } from "./graph.ts";

/**
 * The output that gives a pipeline's logits: what its actions read, or else the first one of that name.
 * @throws FlamingoError INVALID_PIPELINE if nothing gives logits
 */
export function logitsOutput({ plan }: Graph): OutputPort {
  const read = plan.nodes.find(({ kind, inputs }) => kind === "action" && inputs.logits);
  if (read) return read.inputs.logits!;
  const block = plan.nodes.find(({ kind, outputs }) => kind !== "source" && outputs.logits);
  if (block) return { node: block.id, port: "logits" };
  throw new FlamingoError("INVALID_PIPELINE", `"${plan.name}" has no block that gives logits`, {
    fix: "use a run of a pipeline with a language model",
  });
}
