import type { z } from "zod";
import type { AnyBlock } from "../../../src/core/block.ts";
import type { Port } from "../../../src/core/port.ts";
import { printShape } from "../../../src/core/shape.ts";
import { shieldedUntil } from "../../cell/shield.ts";
import type { Formatter } from "../formatter.ts";
import { box, escapeHtml, htmlTable, note } from "../html.ts";

const kinds = ["primitive", "composite", "source", "action"];

/** A block, or another entry of the catalog: what it does, its ports with their shapes, its configuration. */
export const blockFormatter: Formatter<AnyBlock> = {
  accepts: (value) => {
    if (value === null || typeof value !== "object") return false;
    const { kind, title, summary, config, inputs, outputs } = value as Partial<AnyBlock>;
    if (typeof title !== "string" || typeof summary !== "string" || !inputs || !outputs) return false;
    return kinds.includes(kind as string) && typeof (config as z.ZodObject | undefined)?.safeParse === "function";
  },
  format: async (block) => {
    const { title, name, summary, paper } = block;
    const ports = [...portRows("input", block.inputs), ...portRows("output", block.outputs)];
    const fields = await configRows(block.config);
    const source = paper ? ` (${/^[A-Z\d]/.test(paper) && !/arxiv/i.test(paper) ? "Flamingo, " : ""}${paper})` : "";
    const html = [
      `<b>${escapeHtml(title)}</b> <code>${escapeHtml(name)}</code>${note(escapeHtml(`${summary}${source}`))}`,
      htmlTable(
        [{ title: "port" }, { title: "" }, { title: "shape" }, { title: "" }],
        ports.map((row) => row.map(escapeHtml)),
      ),
      fields.length === 0
        ? ""
        : htmlTable(
            [{ title: "setting" }, { title: "default" }, { title: "" }],
            fields.map((row) => row.map(escapeHtml)),
          ),
    ].join("");
    const text = [
      `${title} (${name}): ${summary}${source}`,
      ...ports.map(([port, direction, shape, doc]) => `  ${direction} ${port} ${shape}: ${doc}`),
      ...fields.map(([field, value, doc]) => `  ${field}${value ? ` = ${value}` : ""}: ${doc}`),
    ];
    return { data: { "text/html": box(html), "text/plain": text.join("\n") } };
  },
};

function portRows(direction: string, ports: Record<string, Port>): string[][] {
  return Object.entries(ports).map(([port, { shape, dtype, doc, optional }]) => [
    port,
    direction,
    `${printShape(shape as never)}${dtype === "float32" ? "" : ` ${dtype}`}`,
    `${doc}${optional ? " (optional)" : ""}`,
  ]);
}

async function configRows(config: z.ZodObject): Promise<string[][]> {
  const { z } = await shieldedUntil(import("zod"));
  const { properties = {} } = z.toJSONSchema(config, { io: "input" }) as {
    properties?: Record<string, { default?: unknown; description?: string; unit?: string }>;
  };
  return Object.entries(properties).map(([field, { default: value, description = "", unit }]) => [
    field,
    value === undefined ? "" : `${JSON.stringify(value)}${unit ? ` ${unit}` : ""}`,
    description,
  ]);
}
