/** Every metric, a line each: a new one is one file and one line here. */

export { bestCandidate } from "./bestCandidate.ts";
export { cider } from "./cider.ts";
export { exactCaption } from "./exactCaption.ts";
export * from "./logLikelihood.ts";
export { rightGroup } from "./rightGroup.ts";
export { rocAuc } from "./rocAuc.ts";
export { top1 } from "./top1.ts";
export { vqaAccuracy } from "./vqaAccuracy.ts";
