/**
 * Text as a terminal leaves it: a carriage return goes back to the line's beginning and what follows writes over it, a
 * backspace goes back by one. So a progress bar that prints itself again and again is one line.
 */
export function overwrite(text: string): string {
  if (!/[\r\b]/.test(text)) return text;
  return text.replaceAll("\r\n", "\n").split("\n").map(settle).join("\n");
}

function settle(line: string): string {
  if (!/[\r\b]/.test(line)) return line;
  let written: string[] = [];
  let at = 0;
  for (const piece of line.split(/([\r\b])/).filter(Boolean)) {
    if (piece === "\r") at = 0;
    else if (piece === "\b") at = Math.max(0, at - 1);
    else {
      const signs = [...piece];
      written = [...written.slice(0, at), ...signs, ...written.slice(at + signs.length)];
      at += signs.length;
    }
  }
  return written.join("");
}

export interface Clipped {
  text: string;
  /** Lines that are left out at the beginning. */
  hidden: number;
  lines: number;
}

/** The last `most` lines of a text. */
export function lastLines(text: string, most: number): Clipped {
  const ends = text.endsWith("\n");
  const lines = (ends ? text.slice(0, -1) : text).split("\n");
  if (lines.length <= most) return { text, hidden: 0, lines: lines.length };
  const hidden = lines.length - most;
  return { text: `${lines.slice(hidden).join("\n")}${ends ? "\n" : ""}`, hidden, lines: lines.length };
}
