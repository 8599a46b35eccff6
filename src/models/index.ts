import * as blocks from "../blocks/index.ts";
import type { AnyBlock } from "../core/block.ts";
import { Flamingo, FlamingoLanguageModel } from "./flamingo.ts";

export { Flamingo, FlamingoLanguageModel };

const isComposite = ({ kind }: AnyBlock) => kind === "composite";

/** Every model and block that a pipeline may name, in the order in which the palette shows them: from the whole to its parts. */
export const models: readonly AnyBlock[] = [
  ...[Flamingo, FlamingoLanguageModel],
  ...(Object.values(blocks) as AnyBlock[]).sort((a, b) => Number(isComposite(b)) - Number(isComposite(a))),
];
