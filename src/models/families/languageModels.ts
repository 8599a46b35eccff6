import type { Family } from "./family.ts";
import { gpt2 } from "./gpt2.ts";
import { gptNeox } from "./gptNeox.ts";
import { llama } from "./llama.ts";
import { mosaicMpt, mpt } from "./mpt.ts";
import { opt } from "./opt.ts";

/** Every family of language models, a line each. */
export const languageModels: readonly Family[] = [gpt2, opt, gptNeox, mpt, mosaicMpt, llama];
