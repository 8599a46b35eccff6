import type { SourceDefinition } from "../source.ts";
import { EmojiDocuments } from "./emojiDocuments.ts";
import { EmojiPairs } from "./emojiPairs.ts";
import { EmojiSentences } from "./emojiSentences.ts";
import { ImageFolder } from "./imageFolder.ts";

/** Every source of data: a new one is one file and one line here. */
export const sources = [
  EmojiDocuments,
  EmojiPairs,
  EmojiSentences,
  ImageFolder,
] as unknown as readonly SourceDefinition[];
