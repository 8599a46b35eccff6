import { types } from "node:util";
import type { ValueSummary } from "../protocol/variables.ts";
import { valueOfProperty } from "./properties.ts";

/** Characters of a value, and elements or properties that are named in it. */
const most = { text: 200, named: 6, opened: 200 } as const;

type Summary = Omit<ValueSummary, "name">;

/** A value in a line, without running any code of it. */
export function summaryOf(value: unknown, type?: string): Summary {
  if (typeof value === "function")
    return { type: type ?? "function", value: cut(functionText(value)), opens: namesIn(value).length > 0 };
  if (typeof value !== "object" || value === null)
    return { type: type ?? (value === null ? "null" : typeof value), value: cut(plain(value)), opens: false };
  if (types.isProxy(value)) return { type: type ?? "Proxy", value: "a proxy, which is not asked", opens: false };
  const shape = shapeOf(value);
  const dtype = types.isTypedArray(value)
    ? className(value).replace("Array", "").toLowerCase()
    : textOf(value, "dtype");
  return {
    type: type ?? className(value),
    ...(shape ? { shape } : {}),
    ...(shape && dtype !== undefined ? { dtype } : {}),
    value: cut(inside(value)),
    opens: entriesOf(value, 1).entries.length > 0,
  };
}

/** What lies in a value: elements, entries of a map or set, or own properties. */
export function contentsOf(value: unknown): { properties: ValueSummary[]; more: number } {
  const { entries, count } = entriesOf(value, most.opened);
  return {
    properties: entries.map(([name, found]) =>
      isGetter(found) ? { name, ...getter } : { name, ...summaryOf(found.value) },
    ),
    more: count - entries.length,
  };
}

/** The value at a way into another: what `contentsOf` names. */
export function valueAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  const found = entriesOf(value, Number.POSITIVE_INFINITY).entries.find(([other]) => other === name)?.[1];
  return found && !isGetter(found) ? valueAt(found.value, rest) : undefined;
}

type Found = { value: unknown } | { get: true };

const getter: Summary = { type: "getter", value: "not run", opens: false };

function isGetter(found: Found): found is { get: true } {
  return "get" in found;
}

function entriesOf(value: unknown, limit: number): { entries: [string, Found][]; count: number } {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || types.isProxy(value))
    return { entries: [], count: 0 };
  if (types.isTypedArray(value)) {
    const numbers = value as unknown as ArrayLike<unknown>;
    const count = lengthOf(value);
    const shown = Math.min(count, limit);
    return { entries: Array.from({ length: shown }, (_, at) => [String(at), { value: numbers[at] }]), count };
  }
  if (types.isMap(value)) {
    const all = [...Map.prototype.entries.call(value)].slice(0, limit);
    return { entries: all.map(([key, held]) => [keyText(key), { value: held }]), count: sizeOf(value) };
  }
  if (types.isSet(value)) {
    const all = [...Set.prototype.values.call(value)].slice(0, limit);
    return { entries: all.map((held, at) => [String(at), { value: held as unknown }]), count: sizeOf(value) };
  }
  const names = namesIn(value);
  const shown = limit < names.length ? names.slice(0, limit) : names;
  return { entries: shown.map((name) => [name, property(value, name)]), count: names.length };
}

function keyText(key: unknown): string {
  return typeof key === "string" ? key : summaryOf(key).value;
}

function property(owner: object, name: string): Found {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  return descriptor && "value" in descriptor ? { value: descriptor.value as unknown } : { get: true };
}

function namesIn(value: object): string[] {
  const hidden = typeof value === "function" ? ["length", "name", "prototype", "arguments", "caller"] : ["length"];
  const names = Array.isArray(value) || typeof value === "function" ? Object.getOwnPropertyNames(value) : undefined;
  return names ? names.filter((name) => !hidden.includes(name)) : Object.keys(value);
}

/** `a: 1, b: [3]`, `1, 2, 3, …`, or how many entries there are. */
function inside(value: object): string {
  if (types.isDate(value))
    return Number.isNaN(Date.prototype.getTime.call(value)) ? "invalid" : Date.prototype.toISOString.call(value);
  if (types.isRegExp(value)) return RegExp.prototype.toString.call(value);
  if (types.isNativeError(value)) return String(valueOfProperty(value, "message") ?? "");
  if (types.isPromise(value)) return "a promise";
  const isList = Array.isArray(value) || types.isTypedArray(value) || types.isSet(value);
  const { entries, count } = entriesOf(value, most.named);
  const text = entries.map(([name, found]) => {
    const short = isGetter(found) ? "getter" : brief(found.value);
    return isList ? short : `${name}: ${short}`;
  });
  const all = [...text, ...(count > entries.length ? ["…"] : [])].join(", ");
  if (isList) return `[${all}]`;
  return all === "" ? "{}" : `{ ${all} }`;
}

/** A value inside of another. */
function brief(value: unknown): string {
  if (typeof value === "string") return cut(JSON.stringify(value), 40);
  if (typeof value === "function") return "function";
  if (typeof value !== "object" || value === null) return plain(value);
  if (types.isProxy(value)) return "Proxy";
  const shape = shapeOf(value);
  return shape ? `${className(value)} [${shape.join(", ")}]` : className(value);
}

function plain(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 2 * most.text ? value.slice(0, 2 * most.text) : value);
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Lengths along each axis, of whatever tells them: a tensor, an array, a map. */
function shapeOf(value: object): number[] | undefined {
  if (Array.isArray(value) || types.isTypedArray(value)) return [lengthOf(value)];
  if (types.isMap(value) || types.isSet(value)) return [sizeOf(value)];
  const shape = valueOfProperty(value, "shape");
  if (!Array.isArray(shape) || types.isProxy(shape) || shape.length > 32) return undefined;
  return shape.every((length) => typeof length === "number") ? [...(shape as number[])] : undefined;
}

const typedLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")!.get!;
const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get!;
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, "size")!.get!;

function lengthOf(list: object): number {
  return types.isTypedArray(list) ? (typedLength.call(list) as number) : (list as unknown[]).length;
}

function sizeOf(value: object): number {
  return (types.isMap(value) ? mapSize : setSize).call(value) as number;
}

function textOf(owner: object, name: string): string | undefined {
  const text = valueOfProperty(owner, name);
  return typeof text === "string" ? text : undefined;
}

function className(value: object): string {
  const made = valueOfProperty(Object.getPrototypeOf(value), "constructor");
  const name = typeof made === "function" ? textOf(made, "name") : undefined;
  return name || "object";
}

function functionText(value: object): string {
  const name = textOf(value, "name") || "anonymous";
  const isClass = Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
  return isClass ? `class ${name}` : `function ${name}`;
}

function cut(text: string, length: number = most.text): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
