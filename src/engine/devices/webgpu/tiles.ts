import type { Bits } from "../../../core/quantization.ts";

/** How an operand of a product lies in memory: contiguous along its outer axis (rows of a, columns of b), or across it, along k. */
export interface Operand {
  name: "a" | "b";
  across: boolean;
  /** Whether four neighbours are read at once: the contiguous axis is a multiple of four. */
  wide: boolean;
  /** Of a quantised matrix: bits of a number. It is read by `unpackFour`. */
  bits?: Bits | undefined;
}

/**
 * The numbers of a product, or of a part of one: a matrix may be seen from a column `first` on, and its rows have their own `length`. The
 * products are `added` to what is there, or replace it.
 */
export const given = {
  m: "u32",
  n: "u32",
  k: "u32",
  biased: "u32",
  added: "u32",
  a_first: "u32",
  a_length: "u32",
  b_first: "u32",
  b_length: "u32",
  c_first: "u32",
  c_length: "u32",
} as const;

/** WGSL of `store(batch, row, column, product)`: writes an element of the result, if the result has it. */
export const store = `
fn store(batch: u32, row: u32, column: u32, product: f32) {
  if (row >= given.m || column >= given.n) { return; }
  let to = (batch * given.m + row) * given.c_length + given.c_first + column;
  var sum = product;
  if (given.biased != 0u) { sum += bias[column]; }
  if (given.added != 0u) { sum += c[to]; }
  c[to] = sum;
}`;

export const elementType = ({ wide, bits }: Operand) => (bits ? "i32" : wide ? "vec4f" : "f32");

/**
 * WGSL of `load_NAME(batch, outer, k)`: a block of four by four values, a vector of four neighbours along the outer axis for each
 * of four k; zero outside of the matrix. It reads `given.m` or `given.n`, and `given.k`.
 */
export function loadBlock({ name, across, wide, bits }: Operand): string {
  const outer = name === "a" ? "given.m" : "given.n";
  const [lines, length] = across ? [outer, "given.k"] : ["given.k", outer];
  const [line, at] = across ? ["outer", "k"] : ["k", "outer"];
  const read = bits
    ? `if (${at} < ${length}) { values[i] = unpack_four(${line} + i, ${at}, given.${name}_length); }`
    : wide
      ? `if (${at} < ${length}) { values[i] = ${name}[(start + ${at}) / 4u]; }`
      : `for (var j = 0u; j < 4u && ${at} + j < ${length}; j++) { values[i][j] = ${name}[start + ${at} + j]; }`;
  return `
fn load_${name}(batch: u32, outer: u32, k: u32) -> mat4x4f {
  var values = mat4x4f();
  for (var i = 0u; i < 4u && ${line} + i < ${lines}; i++) {
    let start = (batch * ${lines} + ${line} + i) * given.${name}_length + given.${name}_first;
    ${read}
  }
  return ${across ? "transpose(values)" : "values"};
}`;
}

/**
 * WGSL that brings `depth` x `tile` values of both operands, from `k0` on, into the workgroup's memory, laid out [k][outer]. `put` writes
 * four neighbours: it gets the operand's name, k, the number of the vector, and the values.
 */
export function loadTiles(
  operands: readonly [Operand, Operand],
  { tile, depth, threads }: { tile: number; depth: number; threads: number },
  put: (name: string, k: string, vector: string, values: string) => string,
): string {
  const [lines, vectors] = [depth / 4, tile / 4];
  const blocks = lines * vectors;
  // Neighbouring threads read neighbouring memory.
  const load = ({ name, across }: Operand) => `
        let line = ${across ? `block % ${lines}u` : `block / ${vectors}u`};
        let vector = ${across ? `block / ${lines}u` : `block % ${vectors}u`};
        let values = load_${name}(batch, ${name === "a" ? "row0" : "column0"} + 4u * vector, k0 + 4u * line);
        for (var i = 0u; i < 4u; i++) { ${put(name, "4u * line + i", "vector", "values[i]")} }`;
  return `
    for (var index = lane; index < ${2 * blocks}u; index += ${threads}u) {
      let block = index % ${blocks}u;
      if (index < ${blocks}u) {${load(operands[0])}
      } else {${load(operands[1])}
      }
    }
    workgroupBarrier();`;
}
