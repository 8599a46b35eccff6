import { afterAll, beforeAll, expect, test } from "vitest";
import { catalog } from "../../../src/execution/registry.ts";
import { pipelineNotebook } from "../../../src/pipeline/notebook.ts";
import { smallPipeline } from "../../execution/smallRun.ts";
import { RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

test("the notebook that a pipeline becomes runs from top to bottom", async () => {
  const pipeline = smallPipeline({ config: { train: { steps: 2, checkpointEvery: 1 }, evaluate: { examples: 2 } } });
  const cells = pipelineNotebook(pipeline, catalog).cells.filter(({ cell_type }) => cell_type === "code");
  expect(cells.length).toBeGreaterThan(3);
  for (const cell of cells) {
    const { reply } = await kernel.execute(cell.source.join(""));
    expect({ cell: cell.id, ...reply.content }).toMatchObject({ status: "ok" });
  }
});
