import { expect, test } from "vitest";
import { z } from "zod";
import { defineBlock } from "../../src/core/defineBlock.ts";
import { float32 } from "../../src/core/port.ts";
import { findBlock } from "../../src/core/registry.ts";
import { models } from "../../src/models/index.ts";

const block = (name: string, title = name) =>
  defineBlock({
    ...{ name, title, category: "Tensor", summary: "Gives its input.", config: z.strictObject({}), example: {} },
    inputs: { x: float32("batch", "numbers") },
    outputs: { y: float32("batch", "the same") },
    build: () => (inputs) => inputs.x,
  });

test("a block may be defined again, but not under the name of one of the library's", () => {
  block("Mine", "first");
  block("Mine", "second");
  expect(findBlock("Mine")!.title).toBe("second");
  const linear = models.find(({ name }) => name === "Linear");
  expect(() => block("Linear")).toThrow(expect.objectContaining({ code: "CONFLICT" }));
  expect(findBlock("Linear")).toBe(linear);
});
