/** bfloat16 is the upper half of a float32, so each value is exact. @param target where the values are written */
export function decodeBfloat16(bits: Uint16Array, target: Float32Array = new Float32Array(bits.length)): Float32Array {
  const decoded = patternsOf(target);
  for (let at = 0; at < bits.length; at++) decoded[at] = bits[at]! << 16;
  return target;
}

/** The nearest bfloat16, ties to even. */
export function encodeBfloat16(values: Float32Array): Uint16Array {
  const patterns = patternsOf(values);
  const encoded = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const bits = patterns[at]!;
    encoded[at] = Number.isNaN(values[at]) ? 0x7fc0 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return encoded;
}

/** The float32 of every half-precision pattern, made at the first use: a look-up is faster than the arithmetic. */
let everyHalf: Float32Array | undefined;

/**
 * IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits; each value is exact in float32.
 * @param target where the values are written
 */
export function decodeFloat16(bits: Uint16Array, target: Float32Array = new Float32Array(bits.length)): Float32Array {
  everyHalf ??= Float32Array.from({ length: 1 << 16 }, (_, half) => halfToNumber(half));
  for (let at = 0; at < bits.length; at++) target[at] = everyHalf[bits[at]!]!;
  return target;
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest half-precision number, ties to even; beyond 65504 it is infinity. */
export function encodeFloat16(values: Float32Array): Uint16Array {
  const patterns = patternsOf(values);
  const encoded = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) encoded[at] = numberToHalf(values[at]!, patterns[at]!);
  return encoded;
}

function numberToHalf(value: number, bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  // Rounding up may carry from the fraction into the exponent, which is then right as well.
  const normal = (bits & 0x7fffffff) - (112 << 23);
  return sign | ((normal + 0xfff + ((normal >>> 13) & 1)) >>> 13);
}

function patternsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
