import { describe, expect, test } from "vitest";
import { makeCatalog } from "../../src/core/catalog.ts";
import { parseConfig } from "../../src/core/config.ts";
import { countParameters, describeWeights } from "../../src/core/describeWeights.ts";
import type { SlotSpec } from "../../src/core/misfit.ts";
import type { Ports } from "../../src/core/port.ts";
import { namesIn } from "../../src/core/shape.ts";
import { checkConfig, checkGraph } from "../../src/graph/check.ts";
import { insideCounts } from "../../src/graph/parameterCounts.ts";
import { solveShapes } from "../../src/graph/solve.ts";
import { trace } from "../../src/graph/trace.ts";
import { models } from "../../src/models/index.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { docComments } from "./docComments.ts";
import { exampleShapes } from "./liveBlock.ts";

const catalog = makeCatalog(models);
const everyBlock = models.map((block) => [block.name, block] as const);
const composites = everyBlock.filter(([, block]) => block.kind === "composite");

describe("what every block says of itself", () => {
  const comments = docComments();

  test.each(everyBlock)("%s opens its doc comment with its summary, one sentence", (name, { summary }) => {
    expect(comments.get(name)?.startsWith(`${summary} `), comments.get(name)).toBe(true);
    expect(summary).toMatch(/^[A-Z][^.]*\.$/);
  });

  test.each(everyBlock)("%s has a configuration whose every field has a title and a description", (name) => {
    for (const [field, schema] of Object.entries(catalog[name]!.config.properties ?? {})) {
      expect(schema.title, field).toMatch(/\S/);
      expect(schema.description, field).toMatch(/\S/);
    }
  });

  test.each(everyBlock)("%s takes its example, by its own schema and by the catalog's", (name, definition) => {
    const config = parseConfig(definition, definition.example);
    expect(checkConfig(catalog[name]!, definition.example, catalog)).toBeUndefined();
    expect(parseConfig(definition, { ...catalog[name]!.defaults, ...definition.example })).toEqual(config);
  });

  test.each(everyBlock)(
    "%s refuses a field that it does not have, in one sentence that names it",
    (name, definition) => {
      const config = { ...definition.example, nonsense: 1 };
      const refusal = refusalOf(() => parseConfig(definition, config));
      for (const { code, message, fix } of [refusal, checkConfig(catalog[name]!, config, catalog)!]) {
        expect(code).toBe("INVALID_CONFIG");
        expect(message).toContain(name);
        expect(message).toContain("nonsense");
        expect(message).not.toContain("\n");
        for (const field of Object.keys(definition.config.shape)) expect(fix).toContain(field);
      }
    },
  );

  test.each(everyBlock)("%s names its weights once each", (_, definition) => {
    const names = describeWeights(definition, definition.example).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(everyBlock)("%s has outputs whose sizes follow from its inputs and its configuration", (_, definition) => {
    const namesOf = (ports: Ports) => Object.values(ports).flatMap(({ shape }) => shape.flatMap((dim) => namesIn(dim)));
    const slots = Object.values(catalog[definition.name]!.config.properties ?? {}).map(({ slot }) => slot as SlotSpec);
    const fromSlots = slots.flatMap((slot) => (slot ? namesOf(slot.outputs) : []));
    const known = new Set([...namesOf(definition.inputs), ...Object.keys(definition.config.shape), ...fromSlots]);
    for (const name of namesOf(definition.outputs)) expect(known).toContain(name);
  });

  test("names are unique", () => {
    expect(new Set(models.map(({ name }) => name)).size).toBe(models.length);
  });
});

describe("every composite, opened", () => {
  test.each(composites)("%s is a graph without problems, of blocks of the registry", (_, definition) => {
    const graph = trace(definition, definition.example);
    expect(Object.keys(graph.nodes).length).toBeGreaterThan(0);
    expect(checkGraph(graph, catalog)).toEqual([]);
  });

  test.each(composites)("%s has the shapes inside that computing gives", (_, definition) => {
    const config = parseConfig(definition, definition.example);
    const inputs = exampleShapes(definition, config, "inputs");
    const graph = trace(definition, config, { inputs });
    const solution = solveShapes(graph, catalog, inputs);
    expect(solution.conflicts.size).toBe(0);
    for (const [port, shape] of Object.entries(exampleShapes(definition, config, "outputs")))
      expect(solution.inputs.outputs![port]).toEqual(shape);
    for (const [id, ports] of Object.entries(solution.outputs))
      for (const [port, shape] of Object.entries(ports))
        for (const dim of shape) expect(dim, `${id}.${port}: ${shape}`).toBeTypeOf("number");
  });

  test.each(composites)("%s counts its parameters as they are made", (_, definition) => {
    const graph = trace(definition, definition.example);
    const weights = describeWeights(definition, definition.example);
    const counts = Object.entries(insideCounts(graph, weights)).filter(([id]) => graph.nodes[id]!.shares === undefined);
    const total = countParameters(weights);
    expect(counts.reduce((sum, [, count]) => sum + count.weights, 0)).toBe(total.weights);
    expect(counts.reduce((sum, [, count]) => sum + count.trainable, 0)).toBe(total.trainable);
  });
});
