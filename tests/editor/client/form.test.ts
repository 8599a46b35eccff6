import { expect, test } from "vitest";
import { z } from "zod";
import { boundsText, type Field, fieldsOf, fieldText, parseField } from "../../../editor/client/form/fields.ts";
import { makeCatalog } from "../../../src/core/catalog.ts";

const config = z.strictObject({
  dim: z.int().positive().meta({ title: "Width", description: "Channels.", unit: "channels" }),
  rate: z.number().min(0).max(1).default(0.002).meta({ title: "Learning rate" }),
  kind: z.enum(["gelu", "relu"]).default("gelu"),
  tokenizer: z
    .string()
    .default("bytes")
    .meta({ examples: ["bytes", "words"] }),
  cached: z.boolean().default(true),
  folder: z.string().optional(),
  styles: z.array(z.string()).default(["noto"]),
  steps: z.int().min(1).max(100).optional(),
});
const entry = makeCatalog([
  { name: "A", kind: "primitive", title: "A", category: "Tensor", summary: "", config, inputs: {}, outputs: {} },
]).A!;
const fields = Object.fromEntries(fieldsOf(entry).map((field) => [field.key, field])) as Record<string, Field>;

test("a field is all that the schema says of it", () => {
  expect(fields.dim).toMatchObject({ title: "Width", description: "Channels.", unit: "channels", kind: "integer" });
  expect(fields.dim).toMatchObject({ required: true, exclusiveMinimum: 0 });
  expect(fields.dim!.maximum).toBeUndefined();
  expect(fields.rate).toMatchObject({ kind: "number", default: 0.002, minimum: 0, maximum: 1, required: false });
  expect(fields.kind).toMatchObject({ kind: "choice", choices: ["gelu", "relu"], default: "gelu" });
  expect(Object.values(fields).map((field) => field.kind)).toEqual([
    "integer",
    "number",
    "choice",
    "text",
    "boolean",
    "text",
    "json",
    "integer",
  ]);
});

test("what was typed becomes a value, or says what is wanted", () => {
  expect(parseField(fields.dim!, "64")).toEqual({ ok: true, value: 64 });
  expect(parseField(fields.dim!, "")).toEqual({ ok: false, reason: "Width is needed" });
  expect(parseField(fields.dim!, "0")).toEqual({ ok: false, reason: "a number above 0" });
  expect(parseField(fields.dim!, "1.5")).toEqual({ ok: false, reason: "a whole number" });
  expect(parseField(fields.dim!, "wide")).toEqual({ ok: false, reason: "a number" });
  expect(parseField(fields.rate!, "2e-3")).toEqual({ ok: true, value: 0.002 });
  expect(parseField(fields.rate!, "2")).toEqual({ ok: false, reason: "a number from 0 to 1" });
  expect(parseField(fields.rate!, "")).toEqual({ ok: true, value: undefined });
  expect(parseField(fields.kind!, "relu")).toEqual({ ok: true, value: "relu" });
  expect(parseField(fields.kind!, "tanh").ok).toBe(false);
  expect(parseField(fields.tokenizer!, "opt-125m")).toEqual({ ok: true, value: "opt-125m" });
  expect(parseField(fields.tokenizer!, "")).toEqual({ ok: true, value: undefined }); // the default, and no empty name
  expect(fields.tokenizer!.examples).toEqual(["bytes", "words"]);
  expect(parseField(fields.styles!, '["a"]')).toEqual({ ok: true, value: ["a"] });
  expect(parseField(fields.styles!, "a,").ok).toBe(false);
});

test("a value survives being shown and read again", () => {
  for (const [key, value] of Object.entries({ dim: 7, rate: 1e-3, kind: "relu", cached: false, styles: ["x", "y"] }))
    expect(parseField(fields[key]!, fieldText(fields[key]!, value))).toEqual({ ok: true, value });
});

test("bounds are told in words", () => {
  expect(boundsText(fields.steps!)).toBe("from 1 to 100");
  expect(boundsText(fields.dim!)).toBe("above 0");
  expect(boundsText(fields.folder!)).toBeUndefined();
});
