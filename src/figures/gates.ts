/** A tanh gate as a plot shows it. */
export interface Gate {
  /** Its place in the run's list of gates. */
  index: number;
  /** Layer it belongs to, from 0. */
  layer: number;
  /** What it lets through, by its name without numbers: `attention`, `feed-forward`. */
  kind: string;
  label: string;
}

const kinds: readonly (readonly [RegExp, string])[] = [
  [/(^|[._])(attn|attention|xattn)/i, "attention"],
  [/(^|[._])(ff|mlp|feed)/i, "feed-forward"],
];

/**
 * Reads gates off their names, such as `model.layers.2.attn_gate`. Gates with the same name but for its numbers are of
 * one kind; the last number in the name is the layer.
 */
export function readGates(names: readonly string[]): Gate[] {
  const layers = [...new Set(names.map(layerOf))].sort((a, b) => a - b);
  return names.map((name, index) => {
    const last = name.split(".").filter((part) => !/^\d+$/.test(part));
    const kind = kindOf(last.at(-1) ?? name) ?? kindOf(name) ?? last.at(-1) ?? name;
    const layer = Math.max(0, layers.indexOf(layerOf(name)));
    return { index, layer, kind, label: `layer ${layer + 1}, ${kind}` };
  });
}

/** The gates that belong to a node: those whose names begin with its id. */
export function gatesOf(node: string, names: readonly string[]): number[] {
  return names.flatMap((name, index) => (name === node || name.startsWith(`${node}.`) ? [index] : []));
}

function layerOf(name: string): number {
  const numbers = name.match(/\d+/g);
  return numbers ? Number(numbers.at(-1)) : 0;
}

function kindOf(name: string): string | undefined {
  return kinds.find(([pattern]) => pattern.test(name))?.[1];
}
