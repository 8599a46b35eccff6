import { z } from "zod";
import type { Category, Spec } from "./block.ts";
import type { Ports } from "./port.ts";

/** What an entry is: code over tensors, a source of data, or something that runs. */
export type EntryKind = "primitive" | "composite" | "source" | "action";

/** A field of a configuration, as JSON Schema with titles, descriptions, units and defaults. */
export type ConfigSchema = Record<string, unknown> & { properties?: Record<string, Record<string, unknown>> };

/** One entry of the catalog: all that the palette, the inspector, the solver and the docs need, as plain data. */
export interface CatalogEntry {
  name: string;
  kind: EntryKind;
  title: string;
  category: Category;
  summary: string;
  paper?: string;
  config: ConfigSchema;
  /** The configuration's defaults, where it has them. */
  defaults: Record<string, unknown>;
  /** A configuration that works, where a field has no default. */
  example: Record<string, unknown>;
  inputs: Ports;
  outputs: Ports;
  /** What an action does. */
  stage?: "train" | "evaluate";
  /** A block of the pipeline's own that was made for one place. */
  local?: true;
  /** The block that it is a changed copy of. */
  from?: string;
}

export type Catalog = Record<string, CatalogEntry>;

/** Anything that can stand in the catalog. */
export interface Listed extends Spec {
  kind: EntryKind;
  example?: Record<string, unknown>;
  stage?: "train" | "evaluate";
}

/** Turns definitions into the catalog: the JSON that every surface draws from. */
export function makeCatalog(definitions: readonly Listed[]): Catalog {
  const catalog: Catalog = {};
  for (const definition of definitions) catalog[definition.name] = entryOf(definition);
  return catalog;
}

function entryOf(definition: Listed): CatalogEntry {
  const { name, kind, title, category, summary, paper, inputs, outputs, stage } = definition;
  const config = z.toJSONSchema(definition.config, { io: "input" }) as ConfigSchema;
  const defaults: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(config.properties ?? {}))
    if ("default" in field) defaults[key] = field.default;
  const example = definition.example ?? {};
  return {
    name,
    kind,
    title,
    category,
    summary,
    ...(paper ? { paper } : {}),
    config,
    defaults,
    example,
    inputs,
    outputs,
    ...(stage ? { stage } : {}),
  };
}

/** The configuration a new node starts with: what has no default is taken from the entry's example. */
export function initialConfig(entry: CatalogEntry): Record<string, z.core.util.JSONType> {
  const missing = Object.keys(entry.config.properties ?? {}).filter((key) => !(key in entry.defaults));
  return Object.fromEntries(
    missing.flatMap((key) => (key in entry.example ? [[key, entry.example[key]]] : [])),
  ) as Record<string, z.core.util.JSONType>;
}
