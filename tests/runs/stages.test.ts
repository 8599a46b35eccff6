import { expect, test } from "vitest";
import { emptyPipeline, type Pipeline } from "../../src/pipeline/schema.ts";
import { stagesOf, withStages } from "../../src/runs/stages.ts";

const linear = (weights?: string) => ({ type: "Linear", config: {}, ...(weights === undefined ? {} : { weights }) });

/** A pipeline of one node, which starts from weights of this name. */
function from(weights?: string, name = "Some"): Pipeline {
  return { ...emptyPipeline(name), nodes: { head: linear(weights) } };
}

const templates: Record<string, Pipeline> = { words: from(), eyes: from("words") };
const find = async (name: string) => templates[name];

test("the name of a template becomes the id of the run that trains it: the same for the same content and seed", async () => {
  const [first, again, other] = [
    await withStages(from("words"), 1, find),
    await withStages(from("words"), 1, find),
    await withStages(from("words"), 2, find),
  ];
  expect(first).toEqual(again);
  expect(first.nodes.head!.weights).toMatch(/^words-[0-9a-f]{12}$/);
  expect(first.nodes.head!.weights).not.toBe(other.nodes.head!.weights);
  const changed = async () => ({ ...templates.words!, nodes: { head: { ...linear(), frozen: true } } });
  expect((await withStages(from("words"), 1, changed)).nodes.head!.weights).not.toBe(first.nodes.head!.weights);
  const renamed = async () => ({ ...templates.words!, description: "another one" });
  expect((await withStages(from("words"), 1, renamed)).nodes.head!.weights).toBe(first.nodes.head!.weights);
});

test("weights in slots are found too, and names of no template stay", async () => {
  const slot = { encoder: { type: "ConvEncoder", weights: "eyes" } };
  const pipeline = { ...from("emoji-language"), nodes: { head: { ...linear("emoji-language"), config: slot } } };
  const { head } = (await withStages(pipeline, 1, find)).nodes;
  expect(head!.weights).toBe("emoji-language");
  expect(head!.config.encoder).toMatchObject({ weights: expect.stringMatching(/^eyes-/) });
  expect(await withStages(from("emoji-language"), 1, find)).toEqual(from("emoji-language"));
});

test("stages are found by the ids that a pipeline names, those first that others start from", async () => {
  const staged = await withStages(from("eyes"), 4, find);
  const stages = await stagesOf(staged, 4, find);
  expect(stages.map(({ id }) => id.replace(/-.*/, ""))).toEqual(["words", "eyes"]);
  expect(stages[1]!.id).toBe(staged.nodes.head!.weights);
  expect(stages[1]!.pipeline.nodes.head!.weights).toBe(stages[0]!.id);
  expect(stages.map(({ seed }) => seed)).toEqual([4, 4]);
});

test("weights of a template that was changed since are no stage of today's", async () => {
  const staged = await withStages(from("words"), 1, find);
  const changed = async (name: string) => (name === "words" ? from("emoji-language") : undefined);
  expect(await stagesOf(staged, 1, changed)).toEqual([]);
});
