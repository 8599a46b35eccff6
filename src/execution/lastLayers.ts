import type { PipelineModel } from "./pipelineModel.ts";

/**
 * Names of the weights of the last layers before a loss: of the loss's own, and of the last layer with weights on each way to it.
 *
 * @param loss the node that computes the loss
 */
export function lastLayers(model: PipelineModel, loss: string): Set<string> {
  const names = new Set(model.weightsOf(loss).map(({ name }) => name));
  const visit = (id: string) => {
    const weights = model.weightsOf(id);
    const last = weights.at(-1);
    if (!last) return before(id);
    // A layer's weights are made one after the other, under the same path.
    for (const { name } of weights) if (layerOf(name) === layerOf(last.name)) names.add(name);
  };
  const before = (id: string) => {
    for (const { node } of Object.values(model.inputsOf(id))) if (model.node(node).kind !== "source") visit(node);
  };
  before(loss);
  return names;
}

/** The path of the layer that a weight is of. */
function layerOf(weight: string): string {
  return weight.slice(0, weight.lastIndexOf("."));
}
