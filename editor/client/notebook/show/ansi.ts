/** A piece of terminal text that looks the same throughout. */
export interface AnsiSpan {
  text: string;
  bold?: boolean;
  faint?: boolean;
  italic?: boolean;
  underline?: boolean;
  /** One of the sixteen colours, which the theme gives, or an `rgb(...)` of its own. */
  color?: string;
  background?: string;
}

type Look = Omit<AnsiSpan, "text"> & { inverse?: boolean };

const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
/** Control sequences of a terminal: those that end in `m` are about the look (ECMA-48, SGR), others are dropped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const sequence = /\x1b\[([0-9;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]/g;

/** Splits terminal text into pieces by their look; what is no text and no look is left out. */
export function parseAnsi(text: string): AnsiSpan[] {
  const spans: AnsiSpan[] = [];
  let look: Look = {};
  let from = 0;
  const add = (to: number) => {
    if (to > from) spans.push({ ...shown(look), text: text.slice(from, to) });
  };
  for (const match of text.matchAll(sequence)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[2] === "m") look = changeLook(look, (match[1] ?? "").split(/[;:]/).map(Number));
  }
  add(text.length);
  return spans;
}

/** The text alone. */
export function stripAnsi(text: string): string {
  return text.replace(sequence, "");
}

function shown({ inverse, ...look }: Look): Omit<AnsiSpan, "text"> {
  if (!inverse) return look;
  const { color = "foreground", background = "background", ...rest } = look;
  return { ...rest, color: background, background: color };
}

function changeLook(before: Look, codes: number[]): Look {
  let look: Look = { ...before };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 38 || code === 48) {
      const { color, used } = readColor(codes.slice(at + 1));
      if (color !== undefined) look[code === 38 ? "color" : "background"] = color;
      at += used;
    } else if (code === 0) look = {};
    else look = { ...without(look, cleared[code]), ...set(code) };
  }
  return look;
}

/** Codes that take something away. */
const cleared: Record<number, (keyof Look)[]> = {
  22: ["bold", "faint"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  39: ["color"],
  49: ["background"],
};

function without(look: Look, keys: readonly (keyof Look)[] = []): Look {
  return Object.fromEntries(Object.entries(look).filter(([key]) => !keys.includes(key as keyof Look)));
}

function set(code: number): Look {
  if (code === 1) return { bold: true };
  if (code === 2) return { faint: true };
  if (code === 3) return { italic: true };
  if (code === 4) return { underline: true };
  if (code === 7) return { inverse: true };
  if (code >= 30 && code <= 37) return { color: names[code - 30]! };
  if (code >= 90 && code <= 97) return { color: `bright-${names[code - 90]!}` };
  if (code >= 40 && code <= 47) return { background: names[code - 40]! };
  if (code >= 100 && code <= 107) return { background: `bright-${names[code - 100]!}` };
  return {};
}

/** A colour of 256 (`5;n`) or of all (`2;r;g;b`), and how many codes say it. */
function readColor([kind, ...values]: number[]): { color?: string; used: number } {
  if (kind === 2) return { color: rgb(values.slice(0, 3)), used: 4 };
  if (kind !== 5) return { used: 1 };
  const index = Math.min(255, Math.max(0, values[0] ?? 0));
  if (index < 16) return { color: `${index < 8 ? "" : "bright-"}${names[index % 8]!}`, used: 2 };
  if (index >= 232) return { color: rgb(Array(3).fill(8 + 10 * (index - 232))), used: 2 };
  const cube = [36, 6, 1].map((size) => Math.floor((index - 16) / size) % 6);
  return { color: rgb(cube.map((step) => (step === 0 ? 0 : 55 + 40 * step))), used: 2 };
}

function rgb(values: number[]): string {
  return `rgb(${[0, 1, 2].map((at) => Math.min(255, Math.max(0, Math.round(values[at] || 0)))).join(", ")})`;
}
