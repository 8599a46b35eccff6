import { FlamingoError } from "../core/errors.ts";
import { inputsOf, type Source } from "../graph/graph.ts";
import type { PipelineModel } from "./pipelineModel.ts";

/**
 * The output that gives a pipeline's logits: what its actions read, or else the first one of that name.
 * @throws FlamingoError INVALID_PIPELINE if nothing gives logits
 */
export function logitsOutput({ plan }: PipelineModel): Source {
  const nodes = Object.values(plan.nodes);
  const read = nodes.flatMap(({ id, kind }) => (kind === "action" ? (inputsOf(plan, id).logits ?? []) : []))[0];
  if (read) return read;
  const block = nodes.find(({ kind, outputs }) => kind !== "source" && outputs.logits);
  if (block) return { node: block.id, port: "logits" };
  throw new FlamingoError("INVALID_PIPELINE", `"${plan.name}" has no block that gives logits`, {
    fix: "use a run of a pipeline with a language model",
  });
}
