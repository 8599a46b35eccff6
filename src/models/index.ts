import { blocks } from "../blocks/index.ts";
import type { AnyBlock } from "../core/block.ts";
import { Flamingo, FlamingoLanguageModel } from "./flamingo.ts";

/** Every block and every model: what the catalog lists and a pipeline may name. */
export const models: readonly AnyBlock[] = [Flamingo, FlamingoLanguageModel, ...blocks];
