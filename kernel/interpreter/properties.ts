import { types } from "node:util";
import type { Completion } from "../compiler/protocol.ts";

/** The value of a property, without running a getter or asking a proxy. */
export function valueOfProperty(owner: unknown, name: string): unknown {
  for (let holder = owner; isHolder(holder); holder = Object.getPrototypeOf(holder)) {
    if (types.isProxy(holder)) return undefined;
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property) return property.value as unknown;
  }
  return undefined;
}

/** The names of a value's properties that begin as written. */
export function propertiesOf(value: unknown, written: string): Completion[] {
  const names = new Map<string, Completion>();
  if (value === undefined || value === null) return [];
  const start: unknown = isHolder(value) ? value : Object.getPrototypeOf(value);
  for (let holder = start; isHolder(holder) && holder !== Object.prototype; holder = Object.getPrototypeOf(holder))
    for (const text of Object.getOwnPropertyNames(holder)) {
      if (names.has(text) || text === "constructor" || !/^[A-Za-z_$][\w$]*$/.test(text)) continue;
      if (!text.toLowerCase().startsWith(written.toLowerCase())) continue;
      const property = valueOfProperty(holder, text);
      names.set(text, { text, kind: typeof property === "function" ? "method" : "property" });
    }
  return [...names.values()];
}

function isHolder(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
