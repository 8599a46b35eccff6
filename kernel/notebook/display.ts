import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { FlamingoError } from "../../src/core/errors.ts";
import { currentCell } from "../cell/cell.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import { displayMethod } from "../display/displayMethod.ts";
import { formatValue } from "../display/format.ts";
import { escapeHtml } from "../display/html.ts";

/** Something shown, which can be replaced. */
export interface Shown {
  /** Shows another value in its place, from any cell. */
  update(value: unknown): Promise<void>;
}

/**
 * Shows a value below the running cell, as a cell's last value is shown: tensors, images, models, runs, tables.
 * Outside of a notebook it is printed.
 *
 * @example
 * const shown = await display("working");
 * await shown.update(tensor);
 */
export async function display(value: unknown): Promise<Shown> {
  const cell = currentCell();
  const bundle = await formatValue(value);
  if (!cell) {
    console.log(bundle.data["text/plain"]);
    return { update: async (next) => void (await display(next)) };
  }
  const id = randomUUID();
  cell.display(bundle, id);
  return { update: async (next) => (currentCell() ?? cell).updateDisplay(await formatValue(next), id) };
}

/** Content of a type that front ends know, as a value: the last one of a cell is shown, `display` shows it anywhere. */
interface Content {
  [displayMethod](): Record<string, unknown>;
}

function content(data: MimeBundle["data"]): Content {
  return { [displayMethod]: () => data };
}

/**
 * HTML as a value to show. As a tag of a template it escapes what is put in.
 *
 * @example
 * html`<b>${label}</b>`
 */
export function html(text: TemplateStringsArray | string, ...values: unknown[]): Content {
  const whole =
    typeof text === "string"
      ? text
      : text.map((part, index) => part + (index < values.length ? escapeHtml(values[index]) : "")).join("");
  return content({ "text/html": whole, "text/plain": whole });
}

/** Markdown as a value to show, as a call or as a tag of a template. */
export function markdown(text: TemplateStringsArray | string, ...values: unknown[]): Content {
  const whole = typeof text === "string" ? text : String.raw({ raw: text }, ...values);
  return content({ "text/markdown": whole, "text/plain": whole });
}

/** An SVG drawing as a value to show. */
export function svg(text: string): Content {
  return content({ "image/svg+xml": text, "text/plain": "<svg>" });
}

const signatures = { "image/png": "89504e47", "image/jpeg": "ffd8ff", "image/gif": "47494638" } as const;

/**
 * A PNG, JPEG or GIF as a value to show, from its bytes or its file.
 * @throws FlamingoError CORRUPT_IMAGE if it is none of them
 */
export async function image(source: string | Uint8Array): Promise<Content> {
  const bytes = Buffer.from(typeof source === "string" ? await readFile(source) : source);
  const start = bytes.subarray(0, 4).toString("hex");
  const type = Object.entries(signatures).find(([, signature]) => start.startsWith(signature))?.[0];
  if (type) return content({ [type]: bytes.toString("base64"), "text/plain": `<${type}, ${bytes.length} bytes>` });
  const name = typeof source === "string" ? source : "the image";
  throw new FlamingoError("CORRUPT_IMAGE", `${name} is no PNG, JPEG or GIF`, {
    source: name,
    fix: "give one of these, or an SVG to svg()",
  });
}

/** Empties the output of the running cell; with `wait`, only when the next output comes. */
export function clearOutput(wait = false): void {
  currentCell()?.clearOutput(wait);
}

/**
 * Asks the person for a line.
 *
 * @example
 * const name = await input("name?");
 * @throws FlamingoError KERNEL_NO_STDIN where nobody can be asked; USAGE outside of a cell
 */
export async function input(prompt = "", options: { password?: boolean } = {}): Promise<string> {
  const cell = currentCell();
  if (cell) return cell.input(prompt, options);
  throw new FlamingoError("USAGE", "input() was called outside of a cell", { fix: "call it in a notebook's cell" });
}
