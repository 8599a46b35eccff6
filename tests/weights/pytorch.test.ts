import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { FlamingoError } from "../../src/core/errors.ts";
import { memoryBytes } from "../../src/weights/byteSource.ts";
import { openTensors, openWeights } from "../../src/weights/openWeights.ts";
import { readZip } from "../../src/weights/pytorch/zip.ts";
import type { WeightsFile } from "../../src/weights/storedTensor.ts";
import { storedZip } from "./storedZip.ts";

/** Written by PyTorch with `make.py` there. */
const fixtures = fileURLToPath(new URL("../fixtures/pytorch/", import.meta.url));
type Described = Record<string, [dtype: string, shape: number[], numbers: number[]]>;
const expected = JSON.parse(readFileSync(`${fixtures}expected.json`, "utf8")) as Record<string, Described>;

const dtypeNames: Record<string, string> = {
  BOOL: "torch.bool",
  U8: "torch.uint8",
  I8: "torch.int8",
  I16: "torch.int16",
  I32: "torch.int32",
  I64: "torch.int64",
  F16: "torch.float16",
  BF16: "torch.bfloat16",
  F32: "torch.float32",
  F64: "torch.float64",
};

function described({ tensors }: WeightsFile): Described {
  return Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, data }]) => [name, [dtypeNames[dtype], shape, Array.from(data, Number)]]),
  ) as Described;
}

function refusal(action: () => unknown): FlamingoError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(FlamingoError);
    expect(error).toMatchObject({ code: "INVALID_WEIGHTS", details: { fix: expect.any(String) } });
    expect((error as FlamingoError).message).not.toContain("\n");
    return error as FlamingoError;
  }
  throw new Error("nothing was refused");
}

const fixture = (name: string) => readFileSync(`${fixtures}${name}`);
const read = (bytes: Uint8Array) => described(openTensors(memoryBytes(bytes, "input.pt")));
/** The files of an archive by name. */
function unzipped(name: string): Record<string, Uint8Array> {
  const files = readZip(memoryBytes(fixture(name), name));
  return Object.fromEntries([...files].map(([path, { size, read }]) => [path, read(0, size)]));
}

describe("what PyTorch saved is read", () => {
  test.each([
    ["numbers of every type", "dtypes.pt"],
    ["views of one storage: transposed, cut, a single number, none at all", "views.pt"],
    ["a training checkpoint, whose model's state dict has the prefix that data parallel training gives", "training.pt"],
    ["a later version of the pickle", "protocol4.pt"],
  ])("%s", (_, name) => {
    expect(described(openWeights(`${fixtures}${name}`))).toEqual(expected[name]);
  });

  test("the same archive with the fields of files over 4 GB", () => {
    expect(read(storedZip(unzipped("views.pt"), { wide: true }))).toEqual(expected["views.pt"]);
  });

  test("only the pickle is read until somebody looks at a tensor", () => {
    const bytes = memoryBytes(fixture("views.pt"), "views.pt");
    const reads: number[] = [];
    const { tensors } = openTensors({
      ...bytes,
      read: (offset, length) => {
        reads.push(length);
        return bytes.read(offset, length);
      },
    });
    const before = reads.length;
    expect(tensors.get("rows")!.shape).toEqual([2, 6]);
    expect(reads.length).toBe(before);
    expect(tensors.get("rows")!.data.length).toBe(12);
    expect(reads.at(-1)).toBe(48);
  });
});

/** A pickle's opcodes that leave a pair on the stack whose parts are the same pair, and so on, down to a text. */
function pairs(depth: number): string {
  const levels = Array.from({ length: depth }, (_, level) => {
    const last = `h${String.fromCharCode(level)}`;
    return `0${last}${last}\x86\x94`; // the one before leaves the stack
  });
  return `\x8c\x01x\x94${levels.join("")}`;
}

describe("what is refused", () => {
  test.each([
    ["a pickle that calls os.system", "shell.pt", /asks for "posix\.system".*nothing of it was run/],
    ["a whole module", "module.pt", /asks for "__main__\.Module"/],
    ["complex numbers", "complex.pt", /asks for "torch\.ComplexFloatStorage"/],
    ["the format of before 1.6", "legacy.pt", /format of before version 1\.6/],
    ["a checkpoint without a state dict", "no-tensors.pt", /holds no state dict; it has "epoch", "loss"/],
    ["a claim of 100 GB", "claim.pt", /"data\/0" have 96 bytes, but 25000000000 of F32 take 100000000000/],
    ["one number that is repeated a million times", "expanded.pt", /\[1000,1000\] repeats the 1 numbers/],
    ["a compressed archive", "compressed.pt", /"archive\/data\.pkl" of the zip is compressed/],
  ])("%s", (_, name, says) => {
    const path = `${fixtures}${name}`;
    const error = refusal(() => openWeights(path));
    expect(error.message).toMatch(says);
    expect(error.message.startsWith(`${path}: `)).toBe(true);
    expect(existsSync("/tmp/flamingo-was-here")).toBe(false);
  });

  test.each([
    [
      "a pickle that no zip holds",
      Buffer.from("\x80\x02cposix\nsystem\n.", "latin1"),
      /no PyTorch checkpoint; nothing/,
    ],
    [
      "an object that is made without a call",
      withPickle("\x80\x02c__main__\nModule\n)\x81."),
      /asks for "__main__\.Module"/,
    ],
    ["an opcode that makes objects", withPickle("\x80\x02)i__main__\nModule\n."), /opcode INST/],
    ["an extension of the registry", withPickle("\x80\x02\x82\x01."), /opcode EXT1/],
    ["an opcode that is none", withPickle("\x80\x02\xff."), /opcode 0xff/],
    ["a name in two parts", withPickle("\x80\x04\x8c\x02os\x8c\x06system\x93."), /asks for "os\.system"/],
    // Printed, each pair would have twice the text of the one before it.
    [
      "a name that is a pair of pairs, 40 deep",
      withPickle(`\x80\x04${pairs(40)}\x8c\x01y\x93.`),
      /a name that is no text/,
    ],
    [
      "a key that is a pair of pairs, 40 deep",
      withPickle(`\x80\x04}${pairs(40)}K\x01s.`),
      /it has a key that is no text/,
    ],
    [
      "a call of what is only a name",
      withPickle("\x80\x02ctorch\nFloatStorage\n)R."),
      /asks for "torch\.FloatStorage"/,
    ],
    ["an empty pickle", withPickle(""), /the pickle is cut off/],
    ["an empty stack", withPickle("\x80\x02."), /damaged: an empty stack/],
    ["a state dict with a reserved name", withKey("__proto__"), /name "__proto__" is reserved/],
    [
      "numbers stored big end first",
      storedZip({ ...unzipped("views.pt"), "views/byteorder": Buffer.from("big") }),
      /little end/,
    ],
    [
      "an archive with two pickles",
      storedZip({ ...unzipped("views.pt"), "b/data.pkl": Buffer.alloc(3) }),
      /2 files data\.pkl/,
    ],
    ["a tensor whose numbers are missing", without("views.pt", "views/data/0"), /lacks the numbers "data\/0"/],
  ])("%s", (_, bytes, says) => {
    expect(refusal(() => read(bytes)).message).toMatch(says);
  });

  test("an archive cut anywhere", () => {
    const bytes = fixture("views.pt");
    for (let length = 0; length < bytes.length; length++) refusal(() => read(bytes.subarray(0, length)));
  });
});

function withPickle(pickle: string): Uint8Array {
  return storedZip({ "archive/data.pkl": Buffer.from(pickle, "latin1") });
}

/** The archive with another name for the tensor "whole". */
function withKey(name: string): Uint8Array {
  const files = unzipped("views.pt");
  const pickle = Buffer.from(files["views/data.pkl"]!).toString("latin1");
  const length = String.fromCharCode(name.length);
  const renamed = pickle.replace("X\x05\0\0\0whole", `X${length}\0\0\0${name}`);
  return storedZip({ ...files, "views/data.pkl": Buffer.from(renamed, "latin1") });
}

function without(archive: string, path: string): Uint8Array {
  const files = unzipped(archive);
  delete files[path];
  return storedZip(files);
}
