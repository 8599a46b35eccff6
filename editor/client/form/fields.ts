import type { CatalogEntry } from "../../../src/core/catalog.ts";
import type { SlotSpec } from "../../../src/core/misfit.ts";

/** A field of the inspector's form, as the catalog's JSON Schema says it. */
export interface Field {
  key: string;
  title: string;
  description?: string;
  unit?: string;
  kind: "integer" | "number" | "boolean" | "choice" | "text" | "json" | "slot";
  /** What a slot asks of the block that fills it. */
  slot?: SlotSpec;
  choices: readonly unknown[];
  /** Texts that are offered, beside which any other may stand. */
  examples: readonly string[];
  required: boolean;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** A text that was typed, as a value or as the reason why it is none. */
export type Parsed = { ok: true; value: unknown } | { ok: false; reason: string };

/**
 * The form of an entry's configuration, in the schema's order.
 * @param given fields that another block gives: they are left out
 */
export function fieldsOf(entry: Pick<CatalogEntry, "config">, given: readonly string[] = []): Field[] {
  const required = new Set((entry.config.required as string[] | undefined) ?? []);
  const properties = Object.entries(entry.config.properties ?? {}).filter(([key]) => !given.includes(key));
  return properties.map(([key, schema]) => {
    const text = (name: string) => (typeof schema[name] === "string" ? { [name]: schema[name] as string } : {});
    const bound = (name: string) => (isBound(schema[name]) ? { [name]: schema[name] as number } : {});
    return {
      key,
      title: typeof schema.title === "string" ? schema.title : key,
      ...text("description"),
      ...text("unit"),
      kind: kindOf(schema),
      ...(schema.slot ? { slot: schema.slot as SlotSpec } : {}),
      choices: choicesOf(schema),
      examples: Array.isArray(schema.examples) ? schema.examples.map(String) : [],
      required: required.has(key) && !("default" in schema),
      ...("default" in schema ? { default: schema.default } : {}),
      ...bound("minimum"),
      ...bound("maximum"),
      ...bound("exclusiveMinimum"),
      ...bound("exclusiveMaximum"),
    };
  });
}

/** A value as the form shows it. */
export function fieldText(field: Field, value: unknown): string {
  if (value === undefined || value === null) return "";
  return field.kind === "json" ? JSON.stringify(value) : String(value);
}

/** Reads what was typed into a field. An empty text is no value: the default holds, if there is one. */
export function parseField(field: Field, text: string): Parsed {
  const trimmed = text.trim();
  // A field of the block around, or arithmetic over such fields.
  if (trimmed.startsWith("$") && (field.kind === "integer" || field.kind === "number"))
    return { ok: true, value: trimmed };
  if (trimmed === "" && field.kind !== "text")
    return field.required ? { ok: false, reason: `${field.title} is needed` } : { ok: true, value: undefined };
  if (field.kind === "integer" || field.kind === "number") return parseNumber(field, trimmed);
  if (field.kind === "choice") {
    const value = field.choices.find((choice) => String(choice) === trimmed);
    const all = field.choices.map(String).join(", ");
    return value === undefined ? { ok: false, reason: `one of: ${all}` } : { ok: true, value };
  }
  if (field.kind === "boolean") return { ok: true, value: trimmed === "true" };
  if (field.kind === "text") return { ok: true, value: trimmed === "" && "default" in field ? undefined : text };
  try {
    return { ok: true, value: JSON.parse(trimmed) };
  } catch {
    return { ok: false, reason: 'JSON, such as [1, 2] or {"name": 1}' };
  }
}

/** The bounds in words: `from 1 to 64`, `above 0`; undefined where there are none. */
export function boundsText(field: Field): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = field;
  const low =
    minimum !== undefined ? `from ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : "";
  const high =
    maximum !== undefined ? `to ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : "";
  return [low, high].filter(Boolean).join(" ") || undefined;
}

function parseNumber(field: Field, text: string): Parsed {
  const value = Number(text);
  if (!Number.isFinite(value)) return { ok: false, reason: "a number" };
  if (field.kind === "integer" && !Number.isInteger(value)) return { ok: false, reason: "a whole number" };
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = field;
  const low =
    (minimum === undefined || value >= minimum) && (exclusiveMinimum === undefined || value > exclusiveMinimum);
  const high =
    (maximum === undefined || value <= maximum) && (exclusiveMaximum === undefined || value < exclusiveMaximum);
  return low && high ? { ok: true, value } : { ok: false, reason: `a number ${boundsText(field)}` };
}

function kindOf(schema: Record<string, unknown>): Field["kind"] {
  if (schema.slot) return "slot";
  if (choicesOf(schema).length > 0) return "choice";
  switch (schema.type) {
    case "integer":
    case "number":
    case "boolean":
      return schema.type;
    case "string":
      return "text";
    default:
      return "json";
  }
}

function choicesOf(schema: Record<string, unknown>): readonly unknown[] {
  if (Array.isArray(schema.enum)) return schema.enum;
  if (!Array.isArray(schema.anyOf)) return [];
  const constants = (schema.anyOf as Record<string, unknown>[]).filter((option) => "const" in option);
  return constants.length === schema.anyOf.length ? constants.map((option) => option.const) : [];
}

/** JSON Schema writes "any whole number" with the largest one that a double can hold. */
function isBound(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
}
