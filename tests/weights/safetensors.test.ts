import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FlamingoError } from "../../src/core/errors.ts";
import { dtypes } from "../../src/weights/dtypes.ts";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { metadata, namedTensors } from "./tensorArbitrary.ts";

const golden = fileURLToPath(new URL("../fixtures/golden/", import.meta.url));

/** A file with this header and this many bytes of numbers. */
function fileOf(header: unknown, dataBytes: number, padding = ""): Uint8Array {
  const json = typeof header === "string" ? header : JSON.stringify(header);
  const text = new TextEncoder().encode(json + padding);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (begin: number, end: number) => ({
  dtype: "F32",
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
});
const floats = (...values: number[]): StoredTensor => ({
  dtype: "F32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const plain = (tensors: Iterable<readonly [string, StoredTensor]>) =>
  new Map(Array.from(tensors, ([name, { dtype, shape, data }]) => [name, { dtype, shape, data }]));

function refusal(action: () => unknown): FlamingoError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(FlamingoError);
    expect((error as FlamingoError).code).toBe("INVALID_WEIGHTS");
    expect((error as FlamingoError).details.fix).toBeTruthy();
    return error as FlamingoError;
  }
  throw new Error("nothing was refused");
}

describe("round trip", () => {
  test("what was written is read, for every number type, shape, name and note", () => {
    fc.assert(
      fc.property(namedTensors, metadata, (tensors, notes) => {
        const read = readSafetensors(writeSafetensors(tensors, notes));
        expect(plain(read.tensors)).toEqual(plain(tensors));
        expect(read.metadata).toEqual(notes);
      }),
    );
  });

  test("the order in which tensors and notes come changes no byte", () => {
    fc.assert(
      fc.property(namedTensors, metadata, (tensors, notes) => {
        const turned = Object.fromEntries(Object.entries(notes).toReversed());
        expect(writeSafetensors(tensors.toReversed(), turned)).toEqual(writeSafetensors(tensors, notes));
      }),
    );
  });

  test("what was read can be written again, to the same bytes", () => {
    fc.assert(
      fc.property(namedTensors, metadata, (tensors, notes) => {
        const bytes = writeSafetensors(tensors, notes);
        const read = readSafetensors(bytes);
        expect(writeSafetensors(read.tensors, read.metadata)).toEqual(bytes);
      }),
    );
  });

  test("every tensor of a written file lies aligned, so reading copies nothing", () => {
    fc.assert(
      fc.property(namedTensors, (tensors) => {
        const bytes = writeSafetensors(tensors);
        for (const { dtype, data } of readSafetensors(bytes).tensors.values())
          if (dtype !== "F16" && dtype !== "BF16") expect(data.buffer).toBe(bytes.buffer);
      }),
    );
  });

  test("bytes that start at an odd place are read as well", () => {
    const bytes = writeSafetensors([["a", floats(1, 2, 3)]]);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(readSafetensors(shifted).tensors.get("a")?.data).toEqual(Float32Array.of(1, 2, 3));
  });

  test("no file at all is a valid file without tensors", () => {
    expect(readSafetensors(writeSafetensors([])).tensors.size).toBe(0);
  });

  test("a note of some megabytes is no burden", () => {
    const notes = { config: '{"a":"\\n"}'.repeat(500_000) };
    expect(readSafetensors(writeSafetensors([], notes)).metadata).toEqual(notes);
    const long = { config: "c".repeat(3e7) };
    expect(readSafetensors(writeSafetensors([], long)).metadata).toEqual(long);
  });
});

describe("files of the reference library", () => {
  const cases = readdirSync(golden, { withFileTypes: true }).filter((entry) => entry.isDirectory());

  test.each(cases.map(({ name }) => name))("%s", (name) => {
    const load = (file: string) =>
      readSafetensors(readFileSync(`${golden}${name}/${file}.safetensors`), `${name}/${file}`);
    const [weights, inputs, expected] = [load("weights"), load("inputs"), load("expected")];
    expect(expected.tensors.get("output")?.shape).toEqual(inputs.tensors.get("grad_output")?.shape);
    for (const [parameter, { shape }] of weights.tensors)
      expect(expected.tensors.get(`grad.${parameter}`)?.shape).toEqual(shape);
    const values = [weights, inputs, expected].flatMap(({ tensors }) => [...tensors.values()]);
    // Weights and activations: finite, and of a size that misread bytes do not have.
    for (const { data } of values) for (const value of data) expect(Math.abs(Number(value))).toBeLessThan(1e4);
    const locations = inputs.tensors.get("media_locations");
    if (locations) expect(new Set(locations.data as Uint8Array)).toEqual(new Set([0, 1]));
    // The odd sizes were not written by the reference library.
    if (name.includes("odd-sizes")) return;
    // All their numbers are float32 or have no other type that sorts before; then our bytes are theirs.
    expect(writeSafetensors(weights.tensors)).toEqual(
      Uint8Array.from(readFileSync(`${golden}${name}/weights.safetensors`)),
    );
  });
});

describe("what is refused", () => {
  const refused: [what: string, bytes: Uint8Array, says: RegExp][] = [
    ["a file of seven bytes", new Uint8Array(7), /7 bytes are too few/],
    ["a picture", Uint8Array.from({ length: 64 }, (_, i) => 0x89 + i), /no safetensors file/],
    ["a header beyond the file", fileOf("{}", 0).subarray(0, 9), /claims 2 bytes, but the file ends 1 bytes/],
    ["a header that is no JSON", fileOf("{oh", 0), /no JSON/],
    ["a header nested deep", fileOf(`{"a":${"[".repeat(5e4)}${"]".repeat(5e4)}}`, 0), /deeper than 200 levels/],
    ["a name that is too long", fileOf(`{"${"n".repeat(3e7)}":{}}`, 0), /a key of 30000000 characters, more than/],
    ["the same name twice, written differently", fileOf('{"__metadata__":{"a":"","\\u0061" :""}}', 0), /"a" twice/],
    ["a header that is no object", fileOf("[]", 0), /no JSON object/],
    ["a header with a space first", fileOf(" {}", 0), /no JSON object/],
    ["a header that is no UTF-8", fileOf("{}", 0).with(9, 0xff), /no UTF-8/],
    [
      "a name twice",
      fileOf(`{"a":${JSON.stringify(entry(0, 4))},"\\u0061":${JSON.stringify(entry(4, 8))}}`, 8),
      /"a" twice/,
    ],
    [
      "a field twice",
      fileOf('{"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
      /"dtype" twice/,
    ],
    [
      "an unknown number type",
      fileOf({ a: { ...entry(0, 4), dtype: "F4" } }, 4),
      /tensor "a".*"F4", expected one of BOOL/,
    ],
    ["an inherited number type", fileOf({ a: { ...entry(0, 4), dtype: "toString" } }, 4), /tensor "a".*number type/],
    ["a missing shape", fileOf({ a: { dtype: "F32", data_offsets: [0, 4] } }, 4), /tensor "a".*shape/],
    ["a negative size", fileOf({ a: { ...entry(0, 4), shape: [-1] } }, 4), /tensor "a".*shape \[-1\]/],
    ["half a size", fileOf({ a: { ...entry(0, 4), shape: [0.5] } }, 4), /tensor "a".*shape/],
    [
      "a shape of absurd size",
      fileOf({ a: { ...entry(0, 4), shape: [2 ** 52, 2 ** 52] } }, 4),
      /tensor "a" has 4 bytes/,
    ],
    ["offsets turned round", fileOf({ a: { ...entry(0, 4), data_offsets: [4, 0] } }, 4), /tensor "a".*data_offsets/],
    ["an unknown field", fileOf({ a: { ...entry(0, 4), extra: 1 } }, 4), /tensor "a".*unknown field "extra"/],
    ["a tensor that is a number", fileOf({ a: 3 }, 0), /tensor "a" has no description/],
    [
      "a shape that its bytes do not fill",
      fileOf({ a: { ...entry(0, 4), shape: [2] } }, 4),
      /tensor "a" has 4 bytes.*takes 8/,
    ],
    ["an overlap", fileOf({ a: entry(0, 8), b: entry(4, 12) }, 12), /tensor "b" overlaps with tensor "a"/],
    ["a gap", fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), /4 bytes between tensor "a" and tensor "b"/],
    ["bytes left over", fileOf({ a: entry(0, 4) }, 9), /last 5 bytes/],
    ["numbers cut off", fileOf({ a: entry(0, 4), b: entry(4, 12) }, 10), /tensor "b" ends at byte 12.*has 10/],
    ["a note that is no text", fileOf({ __metadata__: { epoch: 3 } }, 0), /__metadata__ "epoch" is no text/],
    ["notes in a list", fileOf({ __metadata__: [] }, 0), /__metadata__ is no JSON object/],
    ["a reserved name", fileOf(`{"__proto__":${JSON.stringify(entry(0, 4))}}`, 4), /name "__proto__" is reserved/],
    ["a reserved part", fileOf({ "a.constructor.prototype": entry(0, 4) }, 4), /"a.constructor.prototype" is reserved/],
    ["a reserved note", fileOf('{"__metadata__":{"__proto__":"x"}}', 0), /name "__proto__" is reserved/],
  ];

  test.each(refused)("%s", (_, bytes, says) => {
    const error = refusal(() => readSafetensors(bytes, "runs/a.safetensors"));
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(/^runs\/a\.safetensors: /);
    expect(error.details.source).toBe("runs/a.safetensors");
  });

  test("a file cut anywhere", () => {
    const bytes = writeSafetensors(
      [
        ["a", floats(1, 2, 3)],
        ["b", floats(4)],
      ],
      { made: "here" },
    );
    for (let length = 0; length < bytes.length; length++) refusal(() => readSafetensors(bytes.subarray(0, length)));
  });

  test("any other damage is refused, or harmless: nothing else is ever thrown", () => {
    fc.assert(
      fc.property(namedTensors, fc.nat(), fc.nat(255), (tensors, place, value) => {
        const bytes = writeSafetensors(tensors);
        const damaged = bytes.with(place % bytes.length, value);
        try {
          for (const { data, shape } of readSafetensors(damaged).tensors.values())
            expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_WEIGHTS" });
        }
      }),
      { numRuns: 500 },
    );
  });

  test("tensors that cannot be written", () => {
    const write = (...tensors: (readonly [string, StoredTensor])[]) => refusal(() => writeSafetensors(tensors)).message;
    expect(write(["a", { ...floats(1, 2), shape: [3] }])).toMatch(/"a" has 2 numbers, but its shape \[3\] takes 3/);
    expect(write(["a", { ...floats(1), dtype: "I64" }])).toMatch(/"a" is Float32Array, which I64 does not store/);
    expect(write(["a", floats(1)], ["a", floats(2)])).toMatch(/"a" comes twice/);
    expect(write(["__proto__", floats(1)])).toMatch(/reserved/);
    expect(write(["__metadata__", floats(1)])).toMatch(/reserved/);
  });
});

test("the file's bytes stay what they are", () => {
  const bytes = writeSafetensors(
    [
      ["b", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) }],
      ["10", floats(1)],
      ["a", { dtype: "F16", shape: [1, 1], data: Float32Array.of(-2) }],
    ],
    { format: "pt" },
  );
  const header = `{"__metadata__":{"format":"pt"},"10":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F16","shape":[1,1],"data_offsets":[4,6]},"b":{"dtype":"U8","shape":[3],"data_offsets":[6,9]}}`;
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  expect(Buffer.from(bytes).toString("latin1")).toBe(
    `${String.fromCharCode(padded.length)}${"\0".repeat(7)}${padded}\0\0\x80\x3f\x00\xc0\x01\x02\x03`,
  );
});

test("every number type has its size in bytes", () => {
  const sizes = Object.entries(dtypes).map(([name, { size }]) => [name, size * 8] as const);
  for (const [name, bits] of sizes) expect(bits).toBe(name === "BOOL" ? 8 : Number(/\d+$/.exec(name)?.[0]));
});
