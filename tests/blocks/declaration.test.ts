import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/core/block.ts";
import { makeCatalog } from "../../src/core/catalog.ts";
import type { Ports } from "../../src/core/port.ts";
import { evaluateDim, isEllipsis, namesIn } from "../../src/core/shape.ts";
import { describeWeights, sizeOf, type TracedGraph, trace } from "../../src/core/trace.ts";
import { models } from "../../src/models/index.ts";
import { checkConfig } from "../../src/pipeline/check.ts";
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
    expect(checkConfig(catalog[name]!, definition.example)).toBeUndefined();
    expect({ ...catalog[name]!.defaults, ...definition.example }).toEqual(config);
  });

  test.each(everyBlock)(
    "%s refuses a field that it does not have, in one sentence that names it",
    (name, definition) => {
      const config = { ...definition.example, nonsense: 1 };
      const refusal = refusalOf(() => parseConfig(definition, config));
      for (const { code, message, fix } of [refusal, checkConfig(catalog[name]!, config)!]) {
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
    const known = new Set([...namesOf(definition.inputs), ...Object.keys(definition.config.shape)]);
    for (const name of namesOf(definition.outputs)) expect(known).toContain(name);
  });

  test("names are unique", () => {
    expect(new Set(models.map(({ name }) => name)).size).toBe(models.length);
  });
});

describe("every composite, opened", () => {
  test.each(composites)("%s shows blocks of the registry, and the shapes that computing gives", (_, definition) => {
    const config = parseConfig(definition, definition.example);
    const graph = trace(definition, config, exampleShapes(definition, config, "inputs"));
    expect(graph.nodes.length).toBeGreaterThan(0);
    for (const { type } of graph.nodes) expect(catalog).toHaveProperty(type);
    for (const [port, shape] of Object.entries(exampleShapes(definition, config, "outputs")))
      expect(shapeAt(graph, port)).toEqual(shape);
  });

  test.each(composites)("%s works out shapes whose sizes are still names", (_, definition) => {
    const config = parseConfig(definition, definition.example);
    const named = Object.entries(definition.inputs as Ports).map(([port, { shape }]) => [port, shape]);
    const open = trace(definition, config, Object.fromEntries(named));
    const closed = trace(definition, config, exampleShapes(definition, config, "inputs"));
    const sizes: Record<string, unknown> = { ...definition.exampleSizes, ...config };
    const sizeOfName = (name: string) => sizes[name] as number | undefined;
    for (const [at, node] of open.nodes.entries())
      for (const [port, shape] of Object.entries(node.outputs)) {
        const solved = shape.map((dim) => (isEllipsis(dim) ? sizeOfName(dim.slice(3)) : evaluateDim(dim, sizeOfName)));
        expect(solved, `${node.id}.${port}: ${shape}`).toEqual(closed.nodes[at]!.outputs[port]);
      }
  });

  test.each(composites)("%s counts its weights as they are made", (_, definition) => {
    const config = parseConfig(definition, definition.example);
    const graph = trace(definition, config, exampleShapes(definition, config, "inputs"));
    const count = (weights: { shape: readonly number[] }[]) => weights.reduce((total, each) => total + sizeOf(each), 0);
    const weights = describeWeights(definition, config);
    expect(graph.nodes.reduce((total, node) => total + node.weights, 0)).toBe(count(weights));
    expect(graph.nodes.reduce((total, node) => total + node.trainable, 0)).toBe(
      count(weights.filter((each) => !each.frozen)),
    );
  });
});

function shapeAt(graph: TracedGraph, output: string): readonly (number | string)[] | undefined {
  const { node, port } = graph.outputs[output]!;
  return node === undefined ? graph.inputs[port] : graph.nodes.find(({ id }) => id === node)?.outputs[port];
}
