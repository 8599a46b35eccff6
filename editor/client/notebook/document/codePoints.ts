/** Jupyter counts a cursor's place in code points, JavaScript in UTF-16 units: an emoji is one of those and two of these. */
export function toCodePoints(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}

export function fromCodePoints(text: string, points: number): number {
  return [...text].slice(0, points).join("").length;
}
