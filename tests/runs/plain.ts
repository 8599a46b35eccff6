import { Series } from "../../src/figures/series.ts";

/** A state as plain data: two series are the same if their points are. */
export function plain(value: unknown): unknown {
  if (value instanceof Series) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
