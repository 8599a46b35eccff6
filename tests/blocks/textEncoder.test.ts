import { expect, test } from "vitest";
import { TextEncoder } from "../../src/blocks/textEncoder.ts";
import { dispose, tensor, tidy } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { LiveBlock } from "./liveBlock.ts";

const texts = [
  [3, 5, 2, 8],
  [7, 1, 0, 0],
];

describeDevices("a text encoder", () => {
  test.each(
    ["DecoderLayer", "EncoderLayer"].flatMap((type) =>
      (["mean", "last"] as const).map((pool) => [type, pool] as const),
    ),
  )(
    "of layers %s gives its vector (%s) whatever padding follows, and another one for another text",
    async (type, pool) => {
      const layer = { type, config: { heads: 2, headDim: 4 } };
      const config = { vocabulary: 9, dim: 8, jointDim: 4, maxLength: 7, depth: 2, layer, pool };
      const block = new LiveBlock(TextEncoder, { config }).shake();
      const embed = async (rows: number[][]) => {
        const words = tensor(Int32Array.from(rows.flat()), [rows.length, rows[0]!.length], "int32");
        const embedding = tidy(() => block.run({ words }).embedding!);
        const numbers = [...(await embedding.data())];
        dispose([words, embedding]);
        return numbers;
      };
      const alone = [...(await embed([[3, 5, 2, 8]])), ...(await embed([[7, 1]]))];
      expect(await embed(texts)).toBeAllclose(alone, { relative: 1e-4, absolute: 1e-5 });
      expect(await embed(texts.map((row) => [...row, 0, 0, 0]))).toBeAllclose(alone, {
        relative: 1e-4,
        absolute: 1e-5,
      });
      expect(await embed([[5, 3, 2, 8]])).not.toBeAllclose(alone.slice(0, 4), { relative: 1e-3 });
      block.dispose();
    },
  );
});
