import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "./halfFloats.ts";

/** The numbers of one stored tensor, in reading order. */
export type StoredNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface NumberType {
  /** Bytes of one number in the file. */
  readonly size: number;
  /** The numbers in `length` bytes from `offset`, which is a multiple of `size`. */
  decode(buffer: ArrayBufferLike, offset: number, count: number): StoredNumbers;
  /** The same numbers as float32, written to a place. */
  decodeInto(buffer: ArrayBufferLike, offset: number, target: Float32Array): void;
  /** The bytes to store, little end first. */
  encode(numbers: StoredNumbers): ArrayBufferView;
  /** Whether these numbers can be stored so. */
  accepts(numbers: StoredNumbers): boolean;
}

interface ArrayType<T extends StoredNumbers> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset: number, count: number): T;
}

/** A type that JavaScript has itself: the array is a view on the file's bytes. */
function native<T extends StoredNumbers>(Type: ArrayType<T>): NumberType {
  return {
    size: Type.BYTES_PER_ELEMENT,
    decode: (buffer, offset, count) => new Type(buffer, offset, count),
    decodeInto: (buffer, offset, target) => {
      const numbers = new Type(buffer, offset, target.length);
      if (numbers instanceof Float32Array) target.set(numbers);
      else for (let at = 0; at < target.length; at++) target[at] = Number(numbers[at]);
    },
    encode: (numbers) => numbers,
    accepts: (numbers) => numbers instanceof Type,
  };
}

/** A 16-bit float, which JavaScript reads as float32. */
function half(
  decode: (bits: Uint16Array, target?: Float32Array) => Float32Array,
  encode: (numbers: Float32Array) => Uint16Array,
): NumberType {
  return {
    size: 2,
    decode: (buffer, offset, count) => decode(new Uint16Array(buffer, offset, count)),
    decodeInto: (buffer, offset, target) => void decode(new Uint16Array(buffer, offset, target.length), target),
    encode: (numbers) => encode(numbers as Float32Array),
    accepts: (numbers) => numbers instanceof Float32Array,
  };
}

/** The number types of safetensors files that the studio reads and writes, by their names in the file. */
export const dtypes = {
  BOOL: native(Uint8Array),
  U8: native(Uint8Array),
  I8: native(Int8Array),
  I16: native(Int16Array),
  U16: native(Uint16Array),
  F16: half(decodeFloat16, encodeFloat16),
  BF16: half(decodeBfloat16, encodeBfloat16),
  I32: native(Int32Array),
  U32: native(Uint32Array),
  F32: native(Float32Array),
  F64: native(Float64Array),
  I64: native(BigInt64Array),
  U64: native(BigUint64Array),
} as const satisfies Record<string, NumberType>;

export type Dtype = keyof typeof dtypes;
