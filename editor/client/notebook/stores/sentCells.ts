import type { CellDependencies } from "../document/stale.ts";

/** Which cell an execution is of, by the id of the message that asked for it; and by which name this tab asks a kernel. */
export interface SentCells {
  /** The session id of this tab's messages to the kernel: who comes back under it gets what was missed. */
  client: string;
  cells: Record<string, string>;
  /** Messages whose cells have not ended yet. */
  open: string[];
  /** Of each cell's outputs, the names under which they can be replaced. */
  displays?: Record<string, (string | null)[]>;
  /** Which variables each cell has to do with. */
  dependencies?: Readonly<Record<string, CellDependencies>>;
}

/** Kept per tab, so that a reload while a cell runs loses no output. */
type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const placeOf = (kernel: string) => `flamingo:kernel:${kernel}`;
/** Executions that are remembered for a kernel. */
const most = 500;

export function readSent(kernel: string, shelf: Shelf = sessionStorage): SentCells {
  try {
    const kept = JSON.parse(shelf.getItem(placeOf(kernel)) ?? "{}") as Partial<SentCells>;
    if (typeof kept.client === "string" && kept.cells && kept.open) return kept as SentCells;
  } catch {
    // What cannot be read was not kept.
  }
  return { client: crypto.randomUUID(), cells: {}, open: [] };
}

export function keepSent(kernel: string, sent: SentCells, shelf: Shelf = sessionStorage): void {
  const cells = Object.fromEntries(Object.entries(sent.cells).slice(-most));
  try {
    shelf.setItem(placeOf(kernel), JSON.stringify({ ...sent, cells }));
  } catch {
    // The tab's storage is full or forbidden: a reload then misses the output of a running cell.
  }
}
