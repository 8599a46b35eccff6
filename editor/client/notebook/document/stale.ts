/** What a cell had to do with when it ran last: the variables that it declared, and what it used of other cells. */
export interface CellDependencies {
  /** Grows from run to run, over all cells. */
  order: number;
  declared: readonly string[];
  used: readonly string[];
}

/**
 * The cells that show what is out of date, each with the variables that are why: another cell has declared them anew since, or
 * is out of date itself.
 */
export function staleCells(ran: Readonly<Record<string, CellDependencies>>): Map<string, string[]> {
  const cells = Object.entries(ran).sort(([, a], [, b]) => a.order - b.order);
  const stale = new Map<string, string[]>();
  const isOld = (id: string, order: number, name: string) =>
    cells.some(([other, { order: later, declared }]) => other !== id && later > order && declared.includes(name));
  /** The cell that a name has its value from: the last that declared it before. */
  const origin = (id: string, order: number, name: string) =>
    cells.findLast(([other, each]) => other !== id && each.order < order && each.declared.includes(name))?.[0];
  for (const [id, { order, used }] of cells) {
    const reasons = used.filter((name) => isOld(id, order, name) || stale.has(origin(id, order, name) ?? ""));
    if (reasons.length > 0) stale.set(id, reasons);
  }
  return stale;
}
