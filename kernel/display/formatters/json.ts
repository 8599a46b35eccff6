import type { Formatter } from "../formatter.ts";
import { plainText } from "../plainText.ts";

const most = { characters: 100_000, values: 5000, depth: 20 } as const;

/** Nested plain data: front ends that can, show it as a tree to be opened. */
export const jsonFormatter: Formatter<object> = {
  accepts: (value) =>
    isContainer(value) && Object.values(value).some(isContainer) && isJson(value, 0, { left: most.values }),
  format: (value) => {
    const text = JSON.stringify(value);
    if (text.length > most.characters) return { data: { "text/plain": plainText(value) } };
    return {
      data: { "application/json": JSON.parse(text) as unknown, "text/plain": plainText(value) },
      metadata: { "application/json": { expanded: false } },
    };
  },
};

function isContainer(value: unknown): value is object {
  if (value === null || typeof value !== "object") return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

/** Whether JSON holds all of it, and it is small: no functions, no dates, no circles, no numbers that are not finite. */
function isJson(value: unknown, depth: number, budget: { left: number }): boolean {
  if (depth > most.depth || --budget.left < 0) return false;
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  return isContainer(value) && Object.values(value).every((each) => isJson(each, depth + 1, budget));
}
