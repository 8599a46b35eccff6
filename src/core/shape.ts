/**
 * Named shapes: what a port says of its tensor, such as `batch media latents visualDim`.
 *
 * A dimension is a number, a name, or whole-number arithmetic over names (`frames*features`, `(size/patch)*(size/patch)`).
 * The first dimension may be `...name`: any number of dimensions that travel together.
 */
export type Dim = number | string;
export type ShapeSpec = readonly Dim[];

/** A shape as far as it is known: numbers where solved, names where not. */
export type SolvedShape = readonly Dim[];

/**
 * Reads `"batch length 2*dim"` as `["batch", "length", "2*dim"]`; the empty string is the shape of a scalar.
 * @throws Error if a dimension can never be worked out, which is a fault of the block that wrote it.
 */
export function parseShape(text: string): ShapeSpec {
  const words = text.trim().split(/\s+/).filter(Boolean);
  return words.map((word, axis) => {
    if (axis === 0 && /^\.\.\.[A-Za-z_][A-Za-z0-9_]*$/.test(word)) return word;
    if (!/^[\w+*/()-]+$/.test(word)) throw new Error(`"${word}" in "${text}" is no dimension`);
    evaluateDim(word, () => 1);
    return /^\d+$/.test(word) ? Number(word) : word;
  });
}

/** Writes a shape as `[2, length, 64]`. */
export function printShape(shape: ShapeSpec): string {
  return `[${shape.join(", ")}]`;
}

/** True for `...name`, which stands for any number of dimensions. */
export function isEllipsis(dim: Dim | undefined): dim is string {
  return typeof dim === "string" && dim.startsWith("...");
}

/** The names in a dimension: `frames*features` has two, `7` has none. */
export function namesIn(dim: Dim): string[] {
  return typeof dim === "number" ? [] : (dim.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []);
}

/** The dimension with its names replaced: `height/stride` becomes `height/2`. */
export function renameDim(dim: Dim, rename: (name: string) => string): string {
  return `${dim}`.replace(/[A-Za-z_][A-Za-z0-9_]*/g, rename);
}

/** True for a plain name, which can be solved for; false for a number or arithmetic, which can only be worked out. */
export function isName(dim: Dim): dim is string {
  return typeof dim === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(dim);
}

/**
 * The value of a dimension, or undefined while a name in it is unknown.
 * @throws Error if the text is no arithmetic, which is a fault of the block that wrote it.
 */
export function evaluateDim(dim: Dim, sizeOfName: (name: string) => number | undefined): number | undefined {
  if (typeof dim === "number") return dim;
  const tokens = dim.match(/[A-Za-z_][A-Za-z0-9_]*|\d+|[-+*/()]/g) ?? [];
  let at = 0;
  const atom = (): number | undefined => {
    const token = tokens[at++];
    if (token === undefined) throw new Error(`"${dim}" is no arithmetic over names`);
    if (token !== "(") return /^\d/.test(token) ? Number(token) : sizeOfName(token);
    const inner = sum();
    if (tokens[at++] !== ")") throw new Error(`"${dim}" lacks a closing parenthesis`);
    return inner;
  };
  const operate = (next: () => number | undefined, operators: string): number | undefined => {
    let left = next();
    while (tokens[at] !== undefined && operators.includes(tokens[at]!)) {
      const operator = tokens[at++]!;
      const right = next();
      left = left === undefined || right === undefined ? undefined : apply(operator, left, right);
    }
    return left;
  };
  const product = () => operate(atom, "*/");
  const sum = (): number | undefined => operate(product, "+-");
  const value = sum();
  if (at !== tokens.length) throw new Error(`"${dim}" is no arithmetic over names`);
  return value;
}

function apply(operator: string, left: number, right: number): number {
  if (operator === "*") return left * right;
  if (operator === "/") return Math.floor(left / right);
  return operator === "+" ? left + right : left - right;
}

/** How many numbers something of this shape holds: the product of its sizes. */
export function sizeOf({ shape }: { readonly shape: readonly number[] }): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether a value read from a file is a list of sizes: whole numbers from 0. */
export function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
