import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { viewColors } from "../../src/graph/graph.ts";
import {
  type Pipeline,
  parsePipeline,
  pipelineVersion,
  readPipeline,
  writePipeline,
} from "../../src/pipeline/schema.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { whole } from "./toyCatalog.ts";

const identifier = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,12}$/).filter((name) => !(name in {}));
const portName = fc.stringMatching(/^[a-z]{1,8}$/).filter((name) => !(name in {}));
const value = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 3 }),
);
const end = fc.tuple(identifier, portName);
const number = fc.integer({ min: 1, max: 9 });
const color = fc.constantFrom(...viewColors);
const place = fc.tuple(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
);
const size = fc.tuple(fc.integer({ min: 1, max: 900 }), fc.double({ min: 1, max: 900, noNaN: true }));
const records = { maxKeys: 3, noNullPrototype: true } as const;
const views: fc.Arbitrary<Pipeline["view"]> = fc.record(
  {
    positions: fc.dictionary(
      fc.oneof(
        identifier,
        number.map((each) => `note:${each}`),
      ),
      place,
      records,
    ),
    notes: fc.dictionary(
      number.map((each) => `note:${each}`),
      fc.record({ text: fc.string({ maxLength: 40 }), color, size }, { noNullPrototype: true }),
      records,
    ),
    groups: fc.dictionary(
      number.map((each) => `group:${each}`),
      fc.record(
        { title: fc.string({ maxLength: 20 }), color, members: fc.array(identifier, { maxLength: 3 }) },
        { noNullPrototype: true },
      ),
      records,
    ),
  },
  { requiredKeys: ["positions"], noNullPrototype: true },
);
const pipelines: fc.Arbitrary<Pipeline> = fc.record({
  format: fc.constant("flamingo-pipeline" as const),
  version: fc.constant(pipelineVersion),
  name: fc.string({ maxLength: 40 }),
  description: fc.string({ maxLength: 40 }),
  nodes: fc.dictionary(
    identifier,
    fc.record(
      {
        type: identifier,
        config: fc.dictionary(identifier, value, { maxKeys: 4, noNullPrototype: true }),
        label: fc.string({ maxLength: 20 }),
        frozen: fc.boolean(),
        skip: fc.constantFrom("bypass" as const, "mute" as const),
        weights: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,9}$/),
      },
      { requiredKeys: ["type", "config"], noNullPrototype: true },
    ),
    { maxKeys: 5, noNullPrototype: true },
  ),
  edges: fc.array(fc.record({ from: end, to: end }), { maxLength: 5 }),
  blocks: fc.constant({}),
  view: views,
});

describe("a pipeline's file", () => {
  test("reads as what was written", () => {
    fc.assert(
      fc.property(pipelines, (pipeline) => {
        expect(readPipeline(writePipeline(pipeline), "file")).toEqual(pipeline);
      }),
    );
  });

  test("is the same text in whatever order fields came to be, and keeps the order of nodes", () => {
    fc.assert(
      fc.property(pipelines, (pipeline) => {
        const turned = Object.fromEntries(Object.entries(pipeline).reverse()) as unknown as Pipeline;
        expect(writePipeline(turned)).toBe(writePipeline(pipeline));
        const nodes = Object.fromEntries(Object.entries(pipeline.nodes).reverse());
        const read = readPipeline(writePipeline({ ...turned, nodes }), "file");
        expect(Object.keys(read.nodes)).toEqual(Object.keys(nodes));
      }),
    );
  });

  test("may leave out description, configuration and positions", () => {
    const short = {
      format: "flamingo-pipeline",
      version: pipelineVersion,
      name: "short",
      nodes: { a: { type: "Add" } },
      edges: [],
    };
    expect(parsePipeline(short, "file")).toEqual({
      ...short,
      description: "",
      blocks: {},
      nodes: { a: { type: "Add", config: {} } },
      view: { positions: {} },
    });
  });
});

describe("a file that is no pipeline is refused in one sentence that names it:", () => {
  const refused = (text: string) => refusalOf(() => readPipeline(text, "page.json"));
  const changed = (change: object) => JSON.stringify({ ...whole, ...change });
  const node = (change: object) => changed({ nodes: { a: { type: "Add", ...change } }, edges: [] });

  test.each([
    ["no JSON", "{ no", /is not JSON/],
    ["nothing", "null", /is no pipeline/],
    ["a list", "[]", /is no pipeline/],
    ["another format", changed({ format: "comfy" }), /is no pipeline/],
    ["no version", changed({ version: "1" }), /is no pipeline/],
    ["an unknown field", changed({ script: "alert(1)" }), /"script"/],
    ["an unknown field of a node", node({ code: "alert(1)" }), /nodes\.a.*"code"/],
    ["a node without a type", changed({ nodes: { a: {} } }), /nodes\.a\.type/],
    ["an id that ends with a dot", changed({ nodes: { "a.": { type: "Add" } } }), /nodes/],
    ["a block that is no graph", changed({ blocks: { Mine: { nodes: {} } } }), /blocks\.Mine/],
    ["an id that every object has", changed({ nodes: { toString: { type: "Add" } } }), /"toString".*reserved/],
    ["a type that every object has", node({ type: "constructor" }), /reserved/],
    ["a port that every object has", changed({ edges: [{ from: ["a", "valueOf"], to: ["b", "x"] }] }), /reserved/],
    ["weights that are a path", node({ weights: "../../etc/passwd" }), /weights/],
    [
      "a note of a colour that there is not",
      changed({ view: { notes: { "note:1": { text: "", color: "blue", size: [9, 9] } } } }),
      /color/,
    ],
    [
      "a note with the id of a node",
      changed({ view: { notes: { a: { text: "", color: "grey", size: [9, 9] } } } }),
      /notes/,
    ],
    ["a group without a title", changed({ view: { groups: { "group:1": { color: "grey", members: [] } } } }), /title/],
    ["a position that is no number", changed({ view: { positions: { a: ["left", 0] } } }), /positions/],
    [
      "too many nodes",
      changed({ nodes: Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`n${at}`, 0])) }),
      /2000 nodes/,
    ],
    [
      "endless nesting",
      `{"format":"flamingo-pipeline","deep":${"[".repeat(99_999)}${"]".repeat(99_999)}}`,
      /nested deeper/,
    ],
  ])("%s", (_, text, message) => {
    const refusal = refused(text);
    expect(refusal).toMatchObject({
      code: "INVALID_PIPELINE",
      source: "page.json",
      message: expect.stringMatching(message),
    });
    expect(refusal.message).toContain("page.json");
    expect(refusal.message).not.toContain("\n");
    expect(refusal.fix).toMatch(/\S/);
  });

  test("a newer version, with both versions", () => {
    expect(refused(changed({ version: pipelineVersion + 1 }))).toMatchObject({
      code: "NEWER_PIPELINE",
      expected: pipelineVersion,
      actual: pipelineVersion + 1,
    });
  });

  test.each([
    `{"format":"flamingo-pipeline","version":1,"name":"x","edges":[],"nodes":{"__proto__":{"type":"Add"}}}`,
    `{"format":"flamingo-pipeline","version":1,"name":"x","edges":[],"nodes":{},"__proto__":{"polluted":1}}`,
    `{"format":"flamingo-pipeline","version":1,"name":"x","edges":[],"nodes":{"a":{"type":"Add","config":{"__proto__":{"polluted":1}}}}}`,
    `{"format":"flamingo-pipeline","version":1,"name":"x","edges":[],"nodes":{"a":{"type":"Add","config":{"x":[{"constructor":1}]}}}}`,
  ])("what reaches for an object's prototype: %s", (text) => {
    expect(refused(text)).toMatchObject({ code: "INVALID_PIPELINE", message: expect.stringContaining("reserved") });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
