import { expect, test } from "vitest";
import { DecoderLayer } from "../../src/blocks/decoderLayer.ts";
import { EncoderLayer } from "../../src/blocks/encoderLayer.ts";
import type { AnyBlock } from "../../src/core/block.ts";
import { Random } from "../../src/core/random.ts";
import { tensor } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { bitsOf, LiveBlock } from "./liveBlock.ts";

const length = 5;
const dim = 8;

/** Which places change when place 2 does. */
async function changedBy2(definition: AnyBlock, config = {}): Promise<string> {
  const block = new LiveBlock(definition, { config: { ...definition.example, ...config } }).shake();
  const numbers = new Random(1).normals(length * dim);
  const run = () => bitsOf(block.run({ hidden: tensor(numbers, [1, length, dim]) }).hidden!);
  const before = await run();
  numbers.set(new Random(2).normals(dim), 2 * dim);
  const after = await run();
  const differs = (at: number) =>
    before.slice(at * dim, (at + 1) * dim).some((bits, each) => bits !== after[at * dim + each]);
  return Array.from({ length }, (_, at) => (differs(at) ? "x" : ".")).join("");
}

describeDevices("a transformer's layer", () => {
  test("of the decoder never lets a later word change an earlier one", async () => {
    expect(await changedBy2(DecoderLayer)).toBe("..xxx");
    expect(await changedBy2(DecoderLayer, { alibi: false })).toBe("..xxx");
    expect(await changedBy2(DecoderLayer, { rotary: true, norm: "rms", activation: "swiglu" })).toBe("..xxx");
  });

  test("of the encoder lets all places see each other", async () => {
    expect(await changedBy2(EncoderLayer)).toBe("xxxxx");
  });
});
