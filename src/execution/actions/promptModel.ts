import { PromptModel } from "../../evaluation/promptModel.ts";
import type { ActionContext } from "../action.ts";

/** The model whose logits an action gets. */
export function promptModel({ model, node, sources }: ActionContext): PromptModel {
  return PromptModel.at(model, node.inputs.logits!, (source) => sources.get(source)?.tokenizer);
}
