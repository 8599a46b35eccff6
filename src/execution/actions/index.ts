/** Every action, a line each: a new one is one file and one line here. */

export { CaptionSamples } from "./captionSamples.ts";
export { Evaluate } from "./evaluate.ts";
export { FewShot } from "./fewShot.ts";
export { Train } from "./train.ts";
