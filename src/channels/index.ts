import { attention } from "./attention.ts";
import { gates } from "./gates.ts";
import { loss } from "./loss.ts";
import { optimizer } from "./optimizer.ts";
import { results } from "./results.ts";
import { samples } from "./samples.ts";
import { time } from "./time.ts";

/** Every channel, in the order of their panels: a new one is one file and one line here. */
export const channels = [loss, gates, attention, samples, optimizer, time, results] as const;
