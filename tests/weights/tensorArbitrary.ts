import fc from "fast-check";
import type { Dtype, StoredNumbers } from "../../src/weights/dtypes.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";

type Filled = (count: number) => fc.Arbitrary<StoredNumbers>;

const exactly = (count: number) => ({ minLength: count, maxLength: count });
/** Float32 values that a 16-bit float holds as well. */
const halves: Filled = (count) =>
  fc.array(fc.integer({ min: -256, max: 256 }), exactly(count)).map((values) => Float32Array.from(values));

const numbers: Record<Dtype, Filled> = {
  BOOL: (count) => fc.array(fc.nat(1), exactly(count)).map((values) => Uint8Array.from(values)),
  U8: (count) => fc.uint8Array(exactly(count)),
  I8: (count) => fc.int8Array(exactly(count)),
  I16: (count) => fc.int16Array(exactly(count)),
  U16: (count) => fc.uint16Array(exactly(count)),
  F16: halves,
  BF16: halves,
  I32: (count) => fc.int32Array(exactly(count)),
  U32: (count) => fc.uint32Array(exactly(count)),
  F32: (count) => fc.float32Array(exactly(count)),
  F64: (count) => fc.float64Array(exactly(count)),
  I64: (count) => fc.bigInt64Array(exactly(count)),
  U64: (count) => fc.bigUint64Array(exactly(count)),
};

const shapes = fc.array(fc.nat(4), { maxLength: 3 });

/** A tensor of any number type, of any shape from a single number to four by four by four, empty ones included. */
const tensors: fc.Arbitrary<StoredTensor> = fc
  .tuple(fc.constantFrom(...(Object.keys(numbers) as Dtype[])), shapes)
  .chain(([dtype, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return numbers[dtype](count).map((data) => ({ dtype, shape, data }));
  });

const names = fc
  .string({ unit: "grapheme", maxLength: 20 })
  .filter((name) => !/(^|\.)(__proto__|prototype|constructor)($|\.)|^__metadata__$/.test(name));

/** Named tensors, as a file holds them. */
export const namedTensors = fc.uniqueArray(fc.tuple(names, tensors), { selector: ([name]) => name, maxLength: 6 });

export const metadata = fc.dictionary(names, fc.string({ unit: "grapheme" }), { noNullPrototype: true, maxKeys: 4 });
