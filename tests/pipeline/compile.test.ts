import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FlamingoError } from "../../src/core/errors.ts";
import { checkConnection, checkPipeline } from "../../src/graph/check.ts";
import type { GraphEdge } from "../../src/graph/graph.ts";
import { topologicalOrder } from "../../src/graph/order.ts";
import { compile } from "../../src/pipeline/compile.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { pipelineOf, toyCatalog, whole } from "./toyCatalog.ts";

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const part of Object.values(Object.freeze(value))) freeze(part);
  return value;
}

describe("a plan", () => {
  const plan = compile(whole, toyCatalog);

  test("holds what the actions need and nothing else, each node after those it depends on", () => {
    expect(Object.keys(plan.nodes)).toEqual(["pictures", "encode", "embed", "read", "train"]);
    expect(plan.actions).toEqual(["train"]);
  });

  test("holds all that is needed to carry a node out", () => {
    expect(plan.nodes.encode).toEqual({
      id: "encode",
      type: "Encode",
      kind: "primitive",
      label: "Encode",
      config: { side: 16, patch: 4, dim: 8 },
      outputs: { features: [2, 16, 8] },
    });
  });

  test("is the same every time, in whatever order the file lists nodes and wires, and leaves the pipeline as it was", () => {
    const turned: Pipeline = {
      ...whole,
      nodes: Object.fromEntries(Object.entries(whole.nodes).reverse()),
      edges: [...whole.edges].reverse(),
    };
    expect(compile(freeze(structuredClone(whole)), toyCatalog)).toEqual(plan);
    expect(JSON.stringify(compile(whole, toyCatalog))).toBe(JSON.stringify(plan));
    expect(compile(turned, toyCatalog).nodes).toEqual(plan.nodes);
  });

  test("is only of the actions that are asked for", () => {
    const two = pipelineOf({ ...typesOf(whole), look: "Look" }, [...wiresOf(whole), "encode.features > look.x"]);
    expect(compile(two, toyCatalog).actions).toEqual(["train", "look"]);
    expect(Object.keys(compile(two, toyCatalog, ["look"]).nodes)).toEqual(["pictures", "encode", "look"]);
  });

  test("does not mind what no action needs", () => {
    const lonely = pipelineOf({ ...typesOf(whole), lonely: "Sum" }, wiresOf(whole));
    expect(compile(lonely, toyCatalog)).toEqual(plan);
  });
});

describe("a pipeline that cannot run is refused:", () => {
  test.each([
    ["nothing to run", pipelineOf({ pictures: "Pictures" }), undefined, "NO_ACTION", /nothing to run/],
    [
      "an action that lacks an input",
      pipelineOf({ train: "Train" }),
      undefined,
      "MISSING_INPUT",
      /"loss" of "train" is not connected/,
    ],
    ["a target that is not there", whole, ["nobody"], "NOT_FOUND", /"nobody" is no action/],
    ["a target that is no action", whole, ["encode"], "NOT_FOUND", /"encode" is no action/],
    ["a target that every object has", whole, ["toString"], "NOT_FOUND", /"toString" is no action/],
    ["an unknown block", pipelineOf({ odd: "Teleport" }), undefined, "UNKNOWN_BLOCK", /"Teleport"/],
    [
      "a circle",
      pipelineOf({ a: "Sum", b: "Widen", look: "Look" }, ["a.sum > b.x", "b.y > a.a", "b.y > look.x"]),
      undefined,
      "CYCLE",
      /a → b → a|b → a → b/,
    ],
  ] as const)("%s", (_, pipeline, targets, code, message) => {
    const refusal = refusalOf(() => compile(pipeline, toyCatalog, targets));
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(refusal.fix).toMatch(/\S/);
  });
});

describe("a pipeline grown wire by wire", () => {
  const types = Object.keys(toyCatalog);
  const ids = (kinds: readonly string[]) => kinds.map((_, at) => `n${at}`);
  const graphs = fc.array(fc.constantFrom(...types), { minLength: 2, maxLength: 8 }).chain((kinds) => {
    const ends = (side: "inputs" | "outputs") =>
      kinds.flatMap((type, at) =>
        Object.keys(toyCatalog[type]![side]).map((port): [string, string] => [ids(kinds)[at]!, port]),
      );
    const [from, to] = [ends("outputs"), ends("inputs")];
    const edges =
      from.length > 0 && to.length > 0
        ? fc.array(fc.record({ from: fc.constantFrom(...from), to: fc.constantFrom(...to) }), { maxLength: 30 })
        : fc.constant<GraphEdge[]>([]);
    return edges.map((attempts) => ({
      nodes: Object.fromEntries(kinds.map((type, at) => [`n${at}`, type])),
      attempts,
    }));
  });

  test("only of wires that were taken has no circle, and compiles or lacks no more than inputs and an action", () => {
    fc.assert(
      fc.property(graphs, ({ nodes, attempts }) => {
        let pipeline = pipelineOf(nodes);
        for (const edge of attempts)
          if (!checkConnection(pipeline, edge, toyCatalog))
            pipeline = { ...pipeline, edges: [...pipeline.edges, edge] };
        expect(topologicalOrder(pipeline).cycle).toBeUndefined();
        for (const { code } of checkPipeline(pipeline, toyCatalog)) expect(code).toBe("MISSING_INPUT");
        try {
          const plan = compile(pipeline, toyCatalog);
          const order = Object.keys(plan.nodes);
          for (const { from, to } of plan.edges) expect(order.indexOf(from[0])).toBeLessThan(order.indexOf(to[0]));
        } catch (error) {
          expect(["MISSING_INPUT", "NO_ACTION"]).toContain((error as FlamingoError).code);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("of any wires at all is judged without a fault of our own, and in any order alike", () => {
    fc.assert(
      fc.property(graphs, ({ nodes, attempts }) => {
        const judged = (edges: GraphEdge[]) => {
          const problems = checkPipeline({ ...pipelineOf(nodes), edges }, toyCatalog);
          return ["SHAPE_MISMATCH", "CYCLE", "DTYPE_MISMATCH"].filter((code) =>
            problems.some((each) => each.code === code),
          );
        };
        expect(judged([...attempts].reverse())).toEqual(judged(attempts));
      }),
      { numRuns: 300 },
    );
  });
});

function typesOf(pipeline: Pipeline): Record<string, string> {
  return Object.fromEntries(Object.entries(pipeline.nodes).map(([id, { type }]) => [id, type]));
}

function wiresOf(pipeline: Pipeline): string[] {
  return pipeline.edges.map(({ from, to }) => `${from.join(".")} > ${to.join(".")}`);
}
