import { describe, expect, test } from "vitest";
import { documented } from "../../../kernel/types/documented.ts";
import { GatedXattnDense } from "../../../src/blocks/gatedXattnDense.ts";
import { makeCatalog } from "../../../src/core/catalog.ts";

const catalog = makeCatalog([GatedXattnDense]);
const text = `import { z } from "zod";
/**
 * Lets text attend.
 *
 * @see the paper
 */
export declare const GatedXattnDense: import("../core/block.ts").BlockDefinition<z.ZodObject<{
    dim: z.ZodInt;
    heads: z.ZodDefault<z.ZodInt>;
}, z.core.$strict>, {
    text: Port;
}, {
    text: Port;
}>;
export declare const other: number;
`;
const result = documented(text, catalog);

describe("the declaration of a block", () => {
  test("says its ports with their shapes, its configuration with units and defaults, and the paper's section", () => {
    const comment = result.slice(
      result.indexOf("/**\n * Lets text attend."),
      result.indexOf("export declare const GatedXattnDense"),
    );
    expect(comment).toContain(
      "- `media` optional float32 [batch, media, latents, visualDim], visual tokens of each image",
    );
    expect(comment).toContain("- `visualDim` Visual width. Channels of each visual token. (in channels)");
    expect(comment).toContain("- `heads` Heads. Attention heads. (8 if left out)");
    expect(comment).toContain("section 2.2, Figure 4");
    expect(comment.indexOf("@see the paper")).toBeGreaterThan(comment.indexOf("section 2.2"));
  });

  test("says at each field and port what it is", () => {
    expect(result).toMatch(/\* Heads\. Attention heads\. \(8 if left out\)\n \*\/\nheads: z\.ZodDefault/);
    expect(result).toMatch(/\* float32 \[batch, length, dim\], hidden states of the language model\n \*\/\ntext: Port/);
  });

  test("is short to look at", () => {
    expect(result).toContain(
      "BlockDefinition<z.ZodObject<GatedXattnDenseFields, z.core.$strict>, GatedXattnDenseInputs, GatedXattnDenseOutputs>;",
    );
  });

  test("leaves alone what the catalog does not list", () => {
    expect(result.endsWith("export declare const other: number;\n")).toBe(true);
    expect(documented("export declare const a: { b: 1 };", catalog)).toBe("export declare const a: { b: 1 };");
  });
});
