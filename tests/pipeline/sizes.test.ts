import { describe, expect, test } from "vitest";
import { describePipeline } from "../../editor/server/describe.ts";
import { FlamingoError, reportOf } from "../../src/core/errors.ts";
import { catalog, findBlock, findSource } from "../../src/execution/registry.ts";
import { readTemplate } from "../../src/runs/templates.ts";

/** Sizes that people mistype, and beyond. */
const sizes = [10_000_000, 1e12, 2 ** 53 - 1];

describe("a number in a configuration that is far too large", () => {
  test("is described in a moment or refused, in every field of every node of the template", async () => {
    const template = await readTemplate("emoji-captions");
    for (const [id, node] of Object.entries(template.nodes)) {
      const fields = catalog[node.type]!.config as { properties?: Record<string, { type?: string }> };
      for (const [field, { type }] of Object.entries(fields.properties ?? {})) {
        if (type !== "integer" && type !== "number") continue;
        for (const size of sizes) {
          const config = { ...node.config, [field]: size };
          const pipeline = { ...template, nodes: { ...template.nodes, [id]: { ...node, config } } };
          const began = performance.now();
          try {
            describePipeline(pipeline, { catalog, findBlock });
          } catch (error) {
            expect(reportOf(error).code, `${id}.${field} = ${size}`).not.toBe("INTERNAL");
          }
          expect(performance.now() - began, `${id}.${field} = ${size}`).toBeLessThan(2000);
        }
      }
    }
  });

  test("of a source is an error that says what to do", () => {
    const { config, batch } = findSource("EmojiDocuments")!;
    const data = { drawings: [{ concept: 0, pixels: new Uint8Array(3072) }], labels: [{ words: [], mirror: false }] };
    const read = config.parse({ media: 10_000_000 });
    let thrown: unknown;
    try {
      batch({ source: "EmojiDocuments", config: read, data, seed: 1 } as never, 0);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).not.toBeInstanceOf(FlamingoError);
    expect(reportOf(thrown)).toMatchObject({ code: "OUT_OF_MEMORY" });
  });
});
