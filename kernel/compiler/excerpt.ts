/** A place in a text, both counted from 1. */
export interface Place {
  line: number;
  column: number;
}

/**
 * The lines of code around a place, numbered, with carets under what starts there.
 * @param around how many lines before and after
 * @param length of what is marked
 */
export function excerptOf(code: string, { line, column }: Place, around: number, length: number): string[] {
  const lines = code.split("\n");
  const last = Math.min(lines.length, line + around);
  const width = String(last).length;
  const excerpt: string[] = [];
  for (let number = Math.max(1, line - around); number <= last; number++) {
    const text = lines[number - 1] ?? "";
    excerpt.push(`${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`.trimEnd());
    if (number !== line) continue;
    const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
    const carets = "^".repeat(Math.max(1, Math.min(length, text.length - column + 1)));
    excerpt.push(`  ${" ".repeat(width)} | ${indent}${carets}`);
  }
  return excerpt;
}
