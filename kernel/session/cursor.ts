/**
 * Positions in code: Jupyter counts code points, JavaScript UTF-16 units, and they differ behind an emoji. A position past
 * the end is the end.
 */
export function toUtf16(code: string, codePoints: number): number {
  let units = 0;
  for (let left = codePoints; left > 0 && units < code.length; left--)
    units += code.codePointAt(units)! > 0xffff ? 2 : 1;
  return units;
}

export function toCodePoints(code: string, units: number): number {
  let codePoints = 0;
  for (let at = 0; at < Math.min(units, code.length); codePoints++) at += code.codePointAt(at)! > 0xffff ? 2 : 1;
  return codePoints;
}
