/** Every source of data, a line each: a new one is one file and one line here. */

export { CaptionFile } from "./captionFile.ts";
export { EmojiDocuments } from "./emojiDocuments.ts";
export { EmojiPairs } from "./emojiPairs.ts";
export { EmojiSentences } from "./emojiSentences.ts";
export { ImageFolder } from "./imageFolder.ts";
export { Mmc4 } from "./mmc4.ts";
export { MovingShapePairs } from "./movingShapePairs.ts";
export { MovingShapes } from "./movingShapes.ts";
export { NamedShapePairs } from "./namedShapePairs.ts";
export { NamedShapes } from "./namedShapes.ts";
export { NamedShapeTexts } from "./namedShapeTexts.ts";
export { PretrainingTexts } from "./pretrainingTexts.ts";
export { VisualQuestions } from "./visualQuestions.ts";
export { WebDataset } from "./webDataset.ts";
