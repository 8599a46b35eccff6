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
const rms = { type: "RmsNorm" };

/** Which positions change when position 2 does. */
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
  test("of the decoder never lets a later token change an earlier one", async () => {
    expect(await changedBy2(DecoderLayer)).toBe("..xxx");
    expect(await changedBy2(DecoderLayer, { attention: { type: "AlibiAttention" } })).toBe("..xxx");
    expect(
      await changedBy2(DecoderLayer, {
        attention: { type: "RotaryAttention" },
        norm: rms,
        feedForward: { type: "SwiGluFeedForward", config: { norm: rms } },
      }),
    ).toBe("..xxx");
  });

  test("of the encoder lets all positions attend to each other", async () => {
    expect(await changedBy2(EncoderLayer)).toBe("xxxxx");
  });
});
