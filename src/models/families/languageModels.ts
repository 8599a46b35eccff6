import type { Family } from "./family.ts";
import { gpt2 } from "./gpt2.ts";

/** Every family of language models, a line each. */
export const languageModels: readonly Family[] = [gpt2];
