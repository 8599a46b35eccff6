import type { Formatter } from "../formatter.ts";
import { plainText } from "../plainText.ts";

const mostLines = 12;

/** A function or class: its name, and how it begins. */
export const callableFormatter: Formatter<(...all: unknown[]) => unknown> = {
  accepts: (value) => typeof value === "function",
  format: (value) => {
    const lines = Function.prototype.toString.call(value).split("\n");
    const native = lines.some((line) => line.includes("[native code]"));
    const source = native ? [] : [...lines.slice(0, mostLines), ...(lines.length > mostLines ? ["  ..."] : [])];
    return { data: { "text/plain": [plainText(value), ...source].join("\n") } };
  },
};
