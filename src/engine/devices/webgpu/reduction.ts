/**
 * WGSL of a function `name(value, lane)` that combines the values of all threads of a workgroup, always in the same order, and gives
 * each thread the result. `size` threads, a power of two.
 */
export function reduction(name: string, type: string, size: number, combine: (a: string, b: string) => string): string {
  const parts = `${name}_parts`;
  return `
var<workgroup> ${parts}: array<${type}, ${size}>;
fn ${name}(value: ${type}, lane: u32) -> ${type} {
  ${parts}[lane] = value;
  for (var half = ${size / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { ${parts}[lane] = ${combine(`${parts}[lane]`, `${parts}[lane + half]`)}; }
  }
  workgroupBarrier();
  let result = ${parts}[0];
  workgroupBarrier();
  return result;
}`;
}

export const sumOf = (name: string, type: string, size: number) => reduction(name, type, size, (a, b) => `${a} + ${b}`);

export const maxOf = (name: string, size: number) => reduction(name, "f32", size, (a, b) => `max(${a}, ${b})`);
