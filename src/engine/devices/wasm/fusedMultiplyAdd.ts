import { setFlagsFromString } from "node:v8";

// (func (export "f") (param f32 f32 f32) (result f32)): the first lane of f32x4.relaxed_madd over the three, splat.
const probe = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // a module
  ...[1, 8, 1, 0x60, 3, 0x7d, 0x7d, 0x7d, 1, 0x7d], // types
  ...[3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0], // functions, exports
  ...[10, 22, 1, 20, 0, 0x20, 0, 0xfd, 19, 0x20, 1, 0xfd, 19, 0x20, 2, 0xfd, 19, 0xfd, 0x85, 2, 0xfd, 31, 0, 0x0b], // code
);

/**
 * Whether WebAssembly here multiplies and adds with one rounding (relaxed SIMD on a processor that has it): up to twice as
 * fast where multiplications and additions share their units, as on Intel's. Node 20 has it behind a flag, which is set here.
 */
export function hasFusedMultiplyAdd(): boolean {
  if (!WebAssembly.validate(probe) && !enableRelaxedSimd()) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(probe));
  const multiplyAdd = exports.f as (x: number, y: number, sum: number) => number;
  // (1 + ε)² - (1 + 2ε) is ε² rounded once; rounded twice, ε² is lost.
  const epsilon = 2 ** -12;
  return multiplyAdd(1 + epsilon, 1 + epsilon, -(1 + 2 * epsilon)) === epsilon ** 2;
}

function enableRelaxedSimd(): boolean {
  const [major] = process.versions.node.split(".").map(Number);
  if (major !== 20) return false; // earlier ones have other instructions under these numbers, later ones need no flag
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(probe);
}
