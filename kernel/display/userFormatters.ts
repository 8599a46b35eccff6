import type { Formatter } from "./formatter.ts";

/** The formatters that users registered, the latest first. They are asked before all others. */
export const userFormatters: Formatter[] = [];
