import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalog } from "../../src/execution/registry.ts";
import { addGroup, addNote } from "../../src/graph/edit/annotations.ts";
import { collapse } from "../../src/graph/edit/collapse.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { pipelineProgram } from "../../src/pipeline/program.ts";
import { emptyPipeline, type Pipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { template } from "../editor/writeRun.ts";
import { graphs } from "../graph/edit/randomGraph.ts";
import { carryOutProgram } from "./carryOutProgram.ts";

describe("a pipeline as a TypeScript program", () => {
  test.each(["emoji-captions", "pretrain-language", "pretrain-vision"])(
    "%s has the same plan and is the same file",
    async (name) => {
      const pipeline = template(name);
      const back = await carryOutProgram(pipelineProgram(pipeline, { seed: 7, steps: 20 }));
      expect(back.options).toEqual({ seed: 7, steps: 20, print: true });
      expect(compile(back.pipeline, catalog)).toEqual(compile(pipeline, catalog));
      expect(writePipeline(back.pipeline)).toBe(writePipeline(pipeline));
    },
  );

  test("a muted and a bypassed node are in it as in the file", async () => {
    const whole = template("emoji-captions");
    const { samples, evaluate, ...rest } = whole.nodes;
    const nodes: Pipeline["nodes"] = {
      ...rest,
      samples: { ...samples!, skip: "mute" },
      evaluate: { ...evaluate!, skip: "bypass" },
    };
    const pipeline = { ...whole, nodes };
    const back = await carryOutProgram(pipelineProgram(pipeline));
    expect(writePipeline(back.pipeline)).toBe(writePipeline(pipeline));
    const plan = compile(back.pipeline, catalog);
    expect(plan).toEqual(compile(pipeline, catalog));
    expect(plan.actions).toEqual(["train"]);
  });

  test("any graph comes back byte for byte, with blocks of its own and whatever its texts are", async () => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        graphs,
        text,
        text,
        fc.dictionary(fc.constantFrom("a", "b-c", "1", "ünit"), fc.jsonValue()),
        fc.nat(),
        async (graph, name, description, config, pick) => {
          const ids = Object.keys(graph.nodes);
          const chosen = ids.filter((_, at) => (pick >> (at % 16)) & 1);
          const made = chosen.length > 0 ? tryCollapse(graph, chosen) : { graph, blocks: {} };
          const first = Object.keys(made.graph.nodes)[0]!;
          const pipeline = {
            ...emptyPipeline(name),
            ...made.graph,
            description,
            view: addGroup(
              addNote(made.graph, { text: name, color: "yellow", size: [200, 90.5] }, [0, 300]).graph,
              [...Object.keys(made.graph.nodes), "note:1"],
              { title: description, color: "teal" },
            )!.graph.view,
            blocks: made.blocks,
            nodes: { ...made.graph.nodes, [first]: { ...made.graph.nodes[first]!, label: description, config } },
          } as Pipeline;
          const back = await carryOutProgram(pipelineProgram(pipeline));
          expect(writePipeline(back.pipeline)).toBe(writePipeline(pipeline));
        },
      ),
      { numRuns: 50 },
    );
  });

  test("a node called like a word of the language, and two whose names would be one, are told apart", async () => {
    const nodes = Object.fromEntries(["class", "run", "a.b", "a_b"].map((id) => [id, { type: "Gelu", config: {} }]));
    const edges: Pipeline["edges"] = [
      { from: ["class", "y"], to: ["run", "x"] },
      { from: ["a.b", "y"], to: ["a_b", "x"] },
    ];
    const pipeline: Pipeline = { ...emptyPipeline(), nodes, edges };
    expect((await carryOutProgram(pipelineProgram(pipeline))).pipeline).toEqual(pipeline);
  });
});

function tryCollapse(graph: Parameters<typeof collapse>[0], chosen: string[]) {
  try {
    const made = collapse(graph, chosen, { name: "Mine" }, catalog);
    return { graph: made.graph, blocks: { Mine: made.block } };
  } catch {
    return { graph, blocks: {} };
  }
}
