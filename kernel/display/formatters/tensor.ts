import { sizeOf } from "../../../src/core/shape.ts";
import { heatColor } from "../../../src/figures/colors.ts";
import { formatCount, formatNumber } from "../../../src/figures/numbers.ts";
import type { Formatter } from "../formatter.ts";
import { box, escapeHtml, note } from "../html.ts";
import { pngOf } from "../rasterise.ts";

/** What of a tensor is looked at: TensorFlow.js itself is not loaded for it. */
interface TensorLike {
  shape: number[];
  dtype: string;
  isDisposed: boolean;
  size: number;
  name?: string;
  data(): Promise<ArrayLike<number>>;
}

/** A larger tensor is not read: it would take the device's time and the cell's. */
const mostRead = 1 << 22;
/** A matrix with at most so many cells is shown as numbers. */
const mostNumbers = { rows: 12, columns: 12 } as const;
/** Cells of a heat map. */
const map = { rows: 48, columns: 128, pixel: 4 } as const;
/** Images of a batch that are shown. */
const mostImages = 8;

/** A tensor: shape, type, statistics, and its numbers as a table, an image or a heat map. */
export const tensorFormatter: Formatter<TensorLike> = {
  accepts: isTensor,
  format: async (tensor) => {
    const kind = "trainable" in tensor ? "variable" : "tensor";
    const name = `${kind} ${tensor.dtype} [${tensor.shape.join(", ")}]`;
    if (tensor.isDisposed) return { data: { "text/plain": `${name}, disposed: its numbers are gone` } };
    if (tensor.dtype === "string" || tensor.dtype === "complex64" || tensor.size > mostRead) {
      const why = tensor.size > mostRead ? `${formatCount(tensor.size)} numbers; slice it to look into it` : "";
      return { data: { "text/plain": `${name}${why ? `, ${why}` : ""}` } };
    }
    const values = await tensor.data();
    const summary = statistics(values, tensor.dtype);
    const text = `${name}${summary ? `\n${summary}` : ""}\n${nested(values, tensor.shape)}`;
    const html = `<b>${escapeHtml(name)}</b>${note(escapeHtml(summary))}${await drawn(values, tensor)}`;
    return { data: { "text/html": box(html), "text/plain": text } };
  },
};

function isTensor(value: unknown): value is TensorLike {
  if (value === null || typeof value !== "object" || !("dataId" in value)) return false;
  const { shape, dtype, data } = value as unknown as Partial<TensorLike>;
  return Array.isArray(shape) && typeof dtype === "string" && typeof data === "function";
}

function statistics(values: ArrayLike<number>, dtype: string): string {
  if (values.length === 0) return "empty";
  let [low, high, sum, squares, zeros, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = Number(values[index]);
    if (value === 0) zeros++;
    if (!Number.isFinite(value)) continue;
    finite++;
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
    squares += value * value;
  }
  const broken = values.length - finite;
  const warning = broken > 0 ? `, ${formatCount(broken)} of ${formatCount(values.length)} not finite` : "";
  if (finite === 0) return `no finite number${warning}`;
  if (dtype === "bool") return `${formatCount(values.length - zeros)} of ${formatCount(values.length)} true`;
  const mean = sum / finite;
  const deviation = Math.sqrt(Math.max(0, squares / finite - mean * mean));
  if (values.length === 1) return warning.slice(2);
  const some = zeros > 0 ? `, ${formatCount(zeros)} zeros` : "";
  return `${number(low)} to ${number(high)}, mean ${number(mean)}, standard deviation ${number(deviation)}${some}${warning}`;
}

function number(value: number): string {
  return Number.isFinite(value) ? formatNumber(value).replace("-", "−") : String(value).replace("-", "−");
}

/** The numbers with brackets, cut off where there are many. */
function nested(values: ArrayLike<number>, shape: readonly number[], start = 0, depth = 0): string {
  const plain = (value: number) => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4))));
  if (shape.length === 0) return plain(Number(values[start]));
  const [count, ...rest] = shape as [number, ...number[]];
  const size = sizeOf({ shape: rest });
  const most = rest.length === 0 ? 8 : 4;
  const shown = Array.from({ length: Math.min(count, most) }, (_, index) =>
    nested(values, rest, start + index * size, depth + 1),
  );
  if (count > most) shown.push("...");
  return `[${shown.join(rest.length === 0 ? ", " : `,\n${" ".repeat(depth + 1)}`)}]`;
}

async function drawn(values: ArrayLike<number>, { shape, dtype }: TensorLike): Promise<string> {
  if (values.length === 0) return "";
  if (shape.length === 0 || values.length === 1) return `<span>${number(Number(values[0]))}</span>`;
  if (isImage(values, shape)) return imagesHtml(values, shape);
  const columns = shape.at(-1)!;
  const rows = values.length / columns;
  const scale = scaleOf(values);
  if (shape.length <= 2 && rows <= mostNumbers.rows && columns <= mostNumbers.columns)
    return numberTable(values, rows, columns, scale, dtype);
  return heatMap(values, rows, columns, scale);
}

interface Scale {
  end: number;
  signed: boolean;
}

function scaleOf(values: ArrayLike<number>): Scale {
  let [end, signed] = [0, false];
  for (let index = 0; index < values.length; index++) {
    const value = Number(values[index]);
    if (!Number.isFinite(value)) continue;
    if (Math.abs(value) > end) end = Math.abs(value);
    if (value < 0) signed = true;
  }
  return { end: end || 1, signed };
}

/** From none to most along the heat scale; below 0 blue, above it pink, where there is a sign. */
function colorOf(value: number, { end, signed }: Scale): readonly [number, number, number] {
  if (!Number.isFinite(value)) return [128, 132, 144];
  const share = Math.min(1, Math.abs(value) / end);
  if (!signed) return heatColor(share);
  const towards = value < 0 ? [47, 107, 208] : [214, 37, 106];
  return [0, 1, 2].map((channel) => Math.round(244 + (towards[channel]! - 244) * share)) as unknown as [
    number,
    number,
    number,
  ];
}

function numberTable(values: ArrayLike<number>, rows: number, columns: number, scale: Scale, dtype: string): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const cells = Array.from({ length: columns }, (_, column) => {
      const value = Number(values[row * columns + column]);
      const rgb = colorOf(value, scale);
      const dark = 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2] < 140;
      const text = dtype === "float32" ? number(value) : String(value).replace("-", "−");
      return `<td style="padding: 3px 8px; text-align: right; font-variant-numeric: tabular-nums; background: rgb(${rgb.join(", ")}); color: ${dark ? "#fff" : "#23252b"}">${escapeHtml(text)}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<table style="border-collapse: collapse; font-size: 12px; margin: 4px 0">${lines.join("")}</table>`;
}

/** All leading axes as rows; where there are more cells than pixels, the value of the largest size in each. */
async function heatMap(values: ArrayLike<number>, rows: number, columns: number, scale: Scale): Promise<string> {
  const high = Math.min(rows, map.rows);
  const wide = Math.min(columns, map.columns);
  const pixels = new Uint8Array(high * wide * 3);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++)
      pixels.set(
        colorOf(extreme(values, rows, columns, y / high, (y + 1) / high, x / wide, (x + 1) / wide), scale),
        (y * wide + x) * 3,
      );
  }
  const size = Math.max(map.pixel, Math.min(16, Math.floor(320 / Math.max(high, wide))));
  const caption = `rows are all axes but the last; ${scale.signed ? `blue −${number(scale.end)}, pink ${number(scale.end)}` : `dark 0, bright ${number(scale.end)}`}`;
  return imageHtml(await pngOf(pixels, wide, high), wide * size, high * size, "heat map") + note(escapeHtml(caption));
}

function extreme(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  top: number,
  bottom: number,
  left: number,
  right: number,
): number {
  let found = 0;
  for (let y = Math.floor(top * rows); y < Math.max(Math.floor(top * rows) + 1, Math.floor(bottom * rows)); y++) {
    for (
      let x = Math.floor(left * columns);
      x < Math.max(Math.floor(left * columns) + 1, Math.floor(right * columns));
      x++
    ) {
      const value = Number(values[y * columns + x]);
      if (!Number.isFinite(value)) return value;
      if (Math.abs(value) > Math.abs(found)) found = value;
    }
  }
  return found;
}

/** [..., height, width, 3] in −1 to 1, 0 to 1 or 0 to 255: what models take and decoders give. */
function isImage(values: ArrayLike<number>, shape: readonly number[]): boolean {
  const [height = 0, width = 0, channels] = shape.slice(-3);
  if (shape.length < 3 || channels !== 3 || height < 8 || width < 8 || height > 1024 || width > 1024) return false;
  const { end } = scaleOf(values);
  return end <= 1.0001 || (end <= 255 && end > 2);
}

async function imagesHtml(values: ArrayLike<number>, shape: readonly number[]): Promise<string> {
  const [height, width] = shape.slice(-3) as [number, number, number];
  const { end, signed } = scaleOf(values);
  const [factor, offset] = end > 2 ? [1, 0] : signed ? [127.5, 127.5] : [255, 0];
  const each = height * width * 3;
  const count = values.length / each;
  const shown = Array.from({ length: Math.min(count, mostImages) }, async (_, index) => {
    const bytes = Uint8Array.from({ length: each }, (_, at) =>
      Math.max(0, Math.min(255, Math.round(Number(values[index * each + at]) * factor + offset))),
    );
    const size = Math.max(1, Math.round(96 / Math.max(height, width)));
    return imageHtml(await pngOf(bytes, width, height), width * size, height * size, `image ${index}`);
  });
  const more = count > mostImages ? note(`and ${formatCount(count - mostImages)} more`) : "";
  return `<div style="display: flex; flex-wrap: wrap; gap: 6px">${(await Promise.all(shown)).join("")}</div>${more}`;
}

function imageHtml(png: Uint8Array, width: number, height: number, alt: string): string {
  const data = Buffer.from(png).toString("base64");
  return `<img alt="${alt}" width="${width}" height="${height}" style="image-rendering: pixelated; margin: 4px 0" src="data:image/png;base64,${data}">`;
}
