import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as library from "../../src/index.ts";

const exported = new Map<string, unknown>(Object.entries(library));
const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** The folders whose files define what the library offers, one definition or more a file. */
const folders = ["blocks", "models", "data/sources", "execution/actions", "evaluation/metrics", "channels"];

/** Modules below a folder, its index aside: what that lists is what is tested. */
function modulesIn(folder: string): string[] {
  if (!existsSync(join(source, folder))) return [];
  const names = readdirSync(join(source, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith("index.ts")).map((name) => join(folder, name));
}

/** What a module's source defines: `export const Add = definePrimitive({`. */
function definedIn(module: string): string[] {
  const text = readFileSync(join(source, module), "utf8");
  return [...text.matchAll(/^export const (\w+)\b[^=\n]*= define[A-Z]\w*(?:<.*>)?\(/gm)].map(([, name]) => name!);
}

const definitions = folders.flatMap((folder) =>
  modulesIn(folder).flatMap((module) => definedIn(module).map((name) => [name, module] as const)),
);

/** What the library exports as a list, such as its channels, whose names say little alone. */
const listed = [...exported.values()].filter(Array.isArray).flat();

test.each(definitions)("the library exports %s of src/%s", async (name, module) => {
  const { [name]: defined }: Record<string, unknown> = await import(join(source, module));
  // Blocks, sources and actions by the names that pipelines call them.
  if (/^[A-Z]/.test(name)) expect(exported.get(name)).toBe(defined);
  else expect([exported.get(name), ...listed]).toContain(defined);
});

test("all that a pipeline may name is exported under that name", () => {
  const names = Object.keys(library.catalog);
  expect(names.filter((name) => !(name in library))).toEqual([]);
  // And nothing that is defined is missing in the catalog, or this test would miss it too.
  for (const kind of ["blocks", "models", "data/sources", "execution/actions"] as const) {
    const here = definitions.filter(([, module]) => module.startsWith(`${kind}/`));
    // A family is no block: it says which blocks make a model of another library.
    const defined = here.filter(([, module]) => !module.startsWith("models/families/")).map(([name]) => name);
    expect(defined).not.toEqual([]);
    expect(defined.filter((name) => !names.includes(name))).toEqual([]);
  }
});
