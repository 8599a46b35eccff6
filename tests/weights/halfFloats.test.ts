import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "../../src/weights/halfFloats.ts";

const everyPattern = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);

const formats = [
  { name: "F16", decode: decodeFloat16, encode: encodeFloat16, infinity: 0x7c00, largest: 65504 },
  { name: "BF16", decode: decodeBfloat16, encode: encodeBfloat16, infinity: 0x7f80, largest: 2 ** 127 * (2 - 2 ** -7) },
];

test.each(formats)("$name: every pattern comes back, and NaN stays NaN", ({ decode, encode, infinity }) => {
  const values = decode(everyPattern);
  const back = encode(values);
  for (const bits of everyPattern) {
    const noNumber = (bits & 0x7fff) > infinity;
    expect(Number.isNaN(values[bits])).toBe(noNumber);
    if (!noNumber && back[bits] !== bits) expect.fail(`${bits} became ${back[bits]}`);
  }
  expect(decode(encode(Float32Array.of(Number.NaN)))[0]).toBeNaN();
});

test.each(formats)("$name: positive patterns are in order, up to the largest", ({ decode, infinity, largest }) => {
  const values = decode(everyPattern.subarray(0, infinity + 1));
  for (let bits = 1; bits <= infinity; bits++) if (!(values[bits]! > values[bits - 1]!)) expect.fail(`at ${bits}`);
  expect(values[infinity - 1]).toBe(largest);
  expect(values[infinity]).toBe(Number.POSITIVE_INFINITY);
});

test.each(formats)("$name: a number goes to the nearest, ties to even", ({ decode, encode, infinity }) => {
  const ordinary = fc.float({ noNaN: true, noDefaultInfinity: true });
  // Halfway between two neighbours, where rounding is decided.
  const ties = fc.nat(infinity - 2).map((bits) => {
    const [low, high] = decode(Uint16Array.of(bits, bits + 1));
    return (low! + high!) / 2;
  });
  fc.assert(
    fc.property(fc.oneof(ordinary, ties), (value) => {
      const bits = encode(Float32Array.of(value))[0]!;
      const size = bits & 0x7fff;
      expect(bits >>> 15).toBe(Object.is(value, -0) || value < 0 ? 1 : 0);
      if (size === infinity) return;
      const [below, chosen, above] = decode(Uint16Array.of(Math.max(size - 1, 0), size, size + 1));
      const miss = Math.abs(Math.abs(value) - chosen!);
      const other = Math.min(
        size > 0 ? Math.abs(Math.abs(value) - below!) : Number.POSITIVE_INFINITY,
        Math.abs(Math.abs(value) - above!),
      );
      expect(miss).toBeLessThanOrEqual(other);
      if (miss === other) expect(size % 2).toBe(0);
    }),
    { numRuns: 2000 },
  );
});

test("values that PyTorch gives", () => {
  const values = Float32Array.of(0.1, 1 / 3, 65519, 65520, 2 ** -24, 2 ** -25, -1e-8);
  expect(Array.from(encodeFloat16(values))).toEqual([0x2e66, 0x3555, 0x7bff, 0x7c00, 1, 0, 0x8000]);
  expect(Array.from(encodeBfloat16(Float32Array.of(0.1, 1 / 3, 3.4e38)))).toEqual([0x3dcd, 0x3eab, 0x7f80]);
});
