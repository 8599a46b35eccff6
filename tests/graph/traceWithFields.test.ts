import { describe, expect, test } from "vitest";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import type { AnyBlock } from "../../src/core/block.ts";
import { makeCatalog } from "../../src/core/catalog.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import type { Ports } from "../../src/core/port.ts";
import { findBlock } from "../../src/core/registry.ts";
import { namesIn } from "../../src/core/shape.ts";
import { checkPipeline } from "../../src/graph/check.ts";
import { graphBlock } from "../../src/graph/graphBlock.ts";
import { traceWithFields } from "../../src/graph/traceWithFields.ts";
import { models } from "../../src/models/index.ts";

const catalog = makeCatalog(models);

/** Fields that are sizes at a block's ports. */
function sizesOf(block: AnyBlock): string[] {
  const ports = [...Object.values(block.inputs as Ports), ...Object.values(block.outputs as Ports)];
  const dims = ports.flatMap(({ shape }) => shape);
  return [...new Set(dims.flatMap((dim) => namesIn(dim)))].filter((name) => name in block.config.shape);
}

const weightsOf = (block: AnyBlock, config: object) =>
  describeWeights(block, config as never)
    .map(({ name, shape }) => `${name} ${shape.join()}`)
    .sort();

describe("an inside with fields", () => {
  test.each(models.filter(({ kind }) => kind === "composite").map((block) => [block.name, block as AnyBlock] as const))(
    "of %s has the weights of the block, also with another value of a field",
    (_, block) => {
      const inside = traceWithFields(block, block.example, sizesOf(block));
      expect(checkPipeline({ nodes: {}, edges: [], blocks: { Opened: inside } }, catalog)).toEqual([]);
      const opened = graphBlock("Opened", inside, findBlock);
      expect(weightsOf(opened, {})).toEqual(weightsOf(block, block.example));
      for (const [field, value] of Object.entries(inside.config)) {
        const other = { [field]: (value as number) * 2 };
        expect(weightsOf(opened, other), field).toEqual(weightsOf(block, { ...block.example, ...other }));
      }
    },
  );

  test("says what follows from them, and has them at its ports", () => {
    const { config, nodes, inputs } = traceWithFields(GatedXattnDense, GatedXattnDense.example, ["dim", "visualDim"]);
    expect(config).toEqual({ dim: 8, visualDim: 6 });
    expect(nodes.attn!.config).toMatchObject({ dim: "$dim", visualDim: "$visualDim", heads: 2 });
    expect(inputs.media!.shape).toBe("batch media latents visualDim");
  });
});
