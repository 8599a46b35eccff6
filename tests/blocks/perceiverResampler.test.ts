import { expect, test } from "vitest";
import { PerceiverResampler } from "../../src/blocks/perceiverResampler.ts";
import { Random } from "../../src/core/random.ts";
import { dispose, tensor } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { LiveBlock } from "./liveBlock.ts";

const { visualDim, latents } = PerceiverResampler.example as { visualDim: number; latents: number };
const plain = { ...PerceiverResampler.example, maxFrames: undefined, maxMedia: undefined };

/** A feature of its own for each image, frame and place. */
function feature(image: number, frame: number, place: number): Float32Array {
  return new Random(1).fork(`${image} ${frame} ${place}`).normals(visualDim);
}

type Order = readonly (readonly (readonly [image: number, frame: number, place: number][])[])[];

/** Visual tokens of one document, by image: `order` lists the features of each frame of each image. */
async function resample(block: LiveBlock, order: Order): Promise<number[][]> {
  const numbers = order.flat(2).flatMap((at) => [...feature(...at)]);
  const features = tensor(numbers, [1, order.length, order[0]!.length, order[0]![0]!.length, visualDim]);
  const { media } = block.run({ features });
  expect(media!.shape).toEqual([1, order.length, latents, visualDim]);
  const flat = [...(await media!.data())];
  dispose([features, media!]);
  const each = latents * visualDim;
  return order.map((_, image) => flat.slice(image * each, (image + 1) * each));
}

/** Images of frames of places, in their natural order. */
function natural(images: number, frames: number, places: number): [number, number, number][][][] {
  const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);
  return upTo(images).map((image) => upTo(frames).map((frame) => upTo(places).map((place) => [image, frame, place])));
}

describeDevices("the Perceiver Resampler", () => {
  test("gives as many visual tokens for any number of images, frames and features", async () => {
    const block = new LiveBlock(PerceiverResampler, { config: plain }).shake();
    for (const [images, frames, features] of [
      [1, 1, 1],
      [3, 1, 5],
      [1, 4, 2],
      [2, 3, 7],
    ] as const)
      expect((await resample(block, natural(images, frames, features))).length).toBe(images);
  });

  test("does not mind in which order features come, without embeddings", async () => {
    const block = new LiveBlock(PerceiverResampler, { config: plain }).shake();
    const order = natural(1, 2, 3);
    const turned = [[[...order[0]![1]!].reverse(), order[0]![0]!]];
    expect((await resample(block, turned))[0]!).toBeAllclose((await resample(block, order))[0]!, { absolute: 1e-5 });
  });

  test("tells frames apart by their embeddings, but not places within a frame", async () => {
    const block = new LiveBlock(PerceiverResampler, { config: { ...plain, maxFrames: 2 } }).shake();
    const order = natural(1, 2, 3);
    const places = [order[0]!.map((frame) => [...frame].reverse())];
    const frames = [[order[0]![1]!, order[0]![0]!]];
    const media = (await resample(block, order))[0]!;
    expect((await resample(block, places))[0]!).toBeAllclose(media, { absolute: 1e-5 });
    expect((await resample(block, frames))[0]!).not.toBeAllclose(media, { absolute: 1e-2 });
  });

  test("tells the images of a document apart by their embeddings", async () => {
    const twice = [natural(1, 1, 3)[0]!, natural(1, 1, 3)[0]!];
    const [first, second] = await resample(new LiveBlock(PerceiverResampler, { config: plain }).shake(), twice);
    expect(first!).toBeAllclose(second!, { absolute: 1e-6 });
    const placed = new LiveBlock(PerceiverResampler, { config: { ...plain, maxMedia: 2 } }).shake();
    const [here, there] = await resample(placed, twice);
    expect(here!).not.toBeAllclose(there!, { absolute: 1e-2 });
  });

  test("keeps images apart: what one shows leaves the tokens of the others as they are, bit for bit", async () => {
    const block = new LiveBlock(PerceiverResampler).shake();
    const order = natural(2, 2, 3);
    const [first, second] = await resample(block, order);
    const [same, other] = await resample(block, [order[0]!, natural(9, 2, 3)[8]!]);
    expect(same).toEqual(first);
    expect(other).not.toEqual(second);
  });

  test.each([
    ["frames", { ...plain, maxFrames: 2 }, natural(1, 3, 2), "there are 3 frames, but embeddings for 2"],
    ["images", { ...plain, maxMedia: 1 }, natural(2, 1, 2), "there are 2 images, but embeddings for 1"],
  ])("refuses more %s than it has embeddings for", async (_, config, order, message) => {
    const refused = resample(new LiveBlock(PerceiverResampler, { config }), order);
    await expect(refused).rejects.toMatchObject({ code: "SHAPE_MISMATCH", message });
  });
});
