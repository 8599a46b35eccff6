import { expect, test } from "vitest";
import { setCatalog, showPipeline, useEditor } from "../../../editor/client/stores/editor.ts";
import { type GraphBlock, graphBlockSchema } from "../../../src/graph/graph.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { catalog, chain } from "./catalog.ts";

const mine: GraphBlock = graphBlockSchema.parse({
  inputs: { images: { shape: "batch 32 32 3" } },
  outputs: { features: { shape: "batch 16" } },
  nodes: { inner: { type: "Encoder", config: { dim: 16 } } },
  edges: [
    { from: ["inputs", "images"], to: ["inner", "images"] },
    { from: ["inner", "features"], to: ["outputs", "features"] },
  ],
});

test("a pipeline's own block stands in the editor's catalog, and its nodes have shapes and no problems of their type", () => {
  setCatalog(catalog);
  const own: Pipeline = { ...chain, nodes: { mine: { type: "Mine", config: {} } }, edges: [], blocks: { Mine: mine } };
  showPipeline(own, { kind: "new", changed: false } as never);
  const { catalog: grown, library, solution, problems } = useEditor.getState();
  expect(library).toBe(catalog);
  expect(grown.Mine).toMatchObject({ kind: "composite" });
  expect(solution.outputs.mine).toEqual({ features: ["batch", 16] });
  expect(problems.filter(({ code }) => code !== "MISSING_INPUT")).toEqual([]);
});
