/** Every channel, a line each: a new one is one file and one line here. */

export { attention } from "./attention.ts";
export { entropy } from "./entropy.ts";
export { fewShot } from "./fewShot.ts";
export { gates } from "./gates.ts";
export { histograms } from "./histograms.ts";
export { lens } from "./lens.ts";
export { loss } from "./loss.ts";
export { optimizer } from "./optimizer.ts";
export { results } from "./results.ts";
export { samples } from "./samples.ts";
export { stream } from "./stream.ts";
export { time } from "./time.ts";
export { weights } from "./weights.ts";
