import { type Bits, groupSize } from "../../../core/quantization.ts";

/**
 * WGSL that reads a quantised matrix from the buffers `NAME` and `scales`: `unpack_one(row, column, columns)`, and `unpack_four` for four
 * numbers from a column on that is a multiple of four. Beyond a row's last column, within its last word, are zeros.
 */
export function unpack(name: string, bits: Bits): string {
  const part = (at: number) => `extractBits(word, shift + ${at * bits}u, ${bits}u)`;
  const scale = `scales[row * ((columns + ${groupSize - 1}u) / ${groupSize}u) + column / ${groupSize}u]`;
  const find = `
  let word = ${name}[row * ((columns * ${bits}u + 31u) / 32u) + column * ${bits}u / 32u];
  let shift = column * ${bits}u % 32u;`;
  return `
fn unpack_one(row: u32, column: u32, columns: u32) -> f32 {${find}
  return f32(${part(0)}) * ${scale};
}
fn unpack_four(row: u32, column: u32, columns: u32) -> vec4f {${find}
  return vec4f(vec4i(${[0, 1, 2, 3].map(part).join(", ")})) * ${scale};
}`;
}
