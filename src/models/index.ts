import * as blocks from "../blocks/index.ts";
import type { AnyBlock } from "../core/block.ts";
import { reserveNames } from "../core/registry.ts";
import { Flamingo } from "./flamingo.ts";
import { GraftedLanguageModel } from "./graftedLanguageModel.ts";
import { FlamingoLanguageModel } from "./languageModel.ts";

export { Flamingo, FlamingoLanguageModel, GraftedLanguageModel };

const isBlock = (exported: object): exported is AnyBlock => "build" in exported;
const isComposite = ({ kind }: AnyBlock) => kind === "composite";

/** Every model and block that a pipeline may name, in the order in which the palette shows them: from the whole to its parts. */
export const models: readonly AnyBlock[] = [
  ...[Flamingo, FlamingoLanguageModel, GraftedLanguageModel],
  ...Object.values<object>(blocks)
    .filter(isBlock)
    .sort((a, b) => Number(isComposite(b)) - Number(isComposite(a))),
];

reserveNames(models);
