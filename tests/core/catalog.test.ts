import { describe, expect, test } from "vitest";
import { z } from "zod";
import { makeCatalog } from "../../src/core/catalog.ts";
import { float32, optional } from "../../src/core/port.ts";
import { checkConfig } from "../../src/graph/check.ts";
import { models } from "../../src/models/index.ts";

const catalog = makeCatalog(models);
const entries = Object.entries(catalog);

describe("the catalog", () => {
  test("is plain JSON: nothing is lost on the way to a browser", () => {
    expect(JSON.parse(JSON.stringify(catalog))).toEqual(catalog);
  });

  test("has an entry for each definition, under its name", () => {
    expect(entries.map(([key, { name }]) => [key, name])).toEqual(models.map(({ name }) => [name, name]));
  });

  test.each(entries)("%s: what has a default may be left out, and the default is allowed", (_, entry) => {
    const required = (entry.config.required ?? []) as string[];
    for (const field of Object.keys(entry.defaults)) expect(required).not.toContain(field);
    for (const field of required) expect(entry.example).toHaveProperty(field);
    expect(checkConfig(entry, { ...entry.defaults, ...entry.example }, catalog)).toBeUndefined();
  });

  test.each(entries)("%s: a wrong value is refused with the name of its field", (name, entry) => {
    for (const field of Object.keys(entry.config.properties ?? {})) {
      const refusal = checkConfig(entry, { ...entry.example, [field]: { of: "no use" } }, catalog)!;
      expect(refusal).toMatchObject({ code: "INVALID_CONFIG", block: name });
      expect(refusal.message).toMatch(new RegExp(`config\\.${field}(\\.type)? of ${name}`));
      expect(refusal.fix).toContain(field);
    }
  });

  test("keeps titles, units, bounds and choices of a field", () => {
    const width = z.int().positive().meta({ title: "Width", description: "Channels.", unit: "channels" }).default(8);
    const [entry] = Object.values(
      makeCatalog([
        {
          name: "Norm",
          kind: "primitive",
          title: "Norm",
          category: "Tensor",
          summary: "Normalises.",
          config: z.strictObject({ width, mode: z.enum(["a", "b"]) }),
          inputs: { x: optional(float32("...lead width", "vectors")) },
          outputs: {},
        },
      ]),
    );
    expect(entry!.config.properties).toMatchObject({
      width: { title: "Width", description: "Channels.", unit: "channels", default: 8, exclusiveMinimum: 0 },
      mode: { enum: ["a", "b"] },
    });
    expect(entry!.defaults).toEqual({ width: 8 });
    expect(entry!.inputs.x).toEqual({ shape: ["...lead", "width"], dtype: "float32", doc: "vectors", optional: true });
  });
});
