import fc from "fast-check";
import { expect, test } from "vitest";
import { countParameters, describeWeights } from "../../src/core/describeWeights.ts";
import { Random } from "../../src/core/random.ts";
import { capabilities } from "../../src/engine/devices/capabilities.ts";
import { dispose, tensor, tidy } from "../../src/engine/tensor.ts";
import { models } from "../../src/models/index.ts";
import { describeDevices } from "../devices.ts";
import { bitsOf, LiveBlock } from "./liveBlock.ts";

/** Weights of a block that is computed in seconds, also on the reference device. */
const mostWeights = 2e6;

/** Blocks that see each image alone, in small and with many channels; their images' places fill no tile of a product. */
const cases = models
  .filter(({ perImage }) => perImage)
  .flatMap((block) => {
    const wide = { imageSize: 24 };
    const { weights } = countParameters(describeWeights(block, block.config.parse(wide) as never));
    return [
      [`${block.name}, small`, block, block.example] as const,
      [`${block.name}, wide`, block, weights > mostWeights ? { ...block.example, ...wide } : wide] as const,
    ];
  });

describeDevices("a block that sees each image alone", (device) => {
  test("is one whose rows keep their bits, but on TensorFlow", () => {
    expect(capabilities().rowsKeepBits).toBe(device !== "tensorflow");
  });
  if (device === "tensorflow") return;

  test.each(cases)("%s: gives the same bits wherever an image stands", async (_name, definition, config) => {
    const block = new LiveBlock(definition, { config: definition.config.parse(config) }).shake();
    const side = Number(block.config.imageSize);
    const each = side * side * 3;
    const pictures = Array.from({ length: 9 }, (_, at) => new Random(at).normals(each));
    /** Features of these pictures, one list of bits each. */
    const seen = async (chosen: readonly number[]) => {
      const pixels = new Float32Array(chosen.length * each);
      chosen.forEach((which, place) => {
        pixels.set(pictures[which]!, place * each);
      });
      const images = tensor(pixels, [chosen.length, 1, 1, side, side, 3]);
      const { features } = tidy(() => block.run({ images }));
      const bits = await bitsOf(features!);
      dispose([images, features!]);
      const size = bits.length / chosen.length;
      return chosen.map((_, place) => bits.slice(place * size, (place + 1) * size));
    };
    const first = new Map<number, number[]>();
    const batches = fc.array(fc.nat(pictures.length - 1), { minLength: 7, maxLength: 7 });
    const check = async (chosen: number[]) => {
      const features = await seen(chosen);
      chosen.forEach((which, place) => {
        if (!first.has(which)) first.set(which, features[place]!);
        expect(features[place], `picture ${which} at ${place}`).toEqual(first.get(which));
      });
    };
    await fc.assert(fc.asyncProperty(batches, check), { numRuns: device === "webgpu" || device === "cpu" ? 3 : 30 });
    block.dispose();
  });
});
