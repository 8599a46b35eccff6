import { expect, test } from "vitest";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import { Random } from "../../src/core/random.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { dispose, square, sum, type Tensor, tensor } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { bitsOf, LiveBlock } from "./liveBlock.ts";

const { dim, visualDim } = GatedXattnDense.example;
const length = 8;
const latents = 3;

/** One row of text: `#` is an `<image>` tag. */
function inputsFor(row: string, images: readonly number[]): Record<string, Tensor> {
  const pictures = images.flatMap((seed) => [...new Random(seed).normals(latents * visualDim)]);
  return {
    text: tensor(new Random(1).normals(length * dim), [1, length, dim]),
    media: tensor(pictures, [1, images.length, latents, visualDim]),
    locations: tensor(
      Int32Array.from(row, (letter) => (letter === "#" ? 1 : 0)),
      [1, length],
      "int32",
    ),
  };
}

/** The bits of each word's vector. */
async function wordsOf(text: Tensor): Promise<number[][]> {
  const bits = await bitsOf(text);
  return Array.from({ length }, (_, at) => bits.slice(at * dim, (at + 1) * dim));
}

async function read(block: LiveBlock, row: string, images: readonly number[]): Promise<number[][]> {
  const inputs = inputsFor(row, images);
  const { text } = block.run(inputs);
  const words = await wordsOf(text!);
  dispose([text!, ...Object.values(inputs)]);
  return words;
}

/** Which words differ between two readings. */
const changed = (a: number[][], b: number[][]) =>
  a.map((word, at) => (String(word) === String(b[at]) ? "." : "x")).join("");

describeDevices("GATED XATTN-DENSE", () => {
  const open = (config = {}) =>
    new LiveBlock(GatedXattnDense, { config: { ...GatedXattnDense.example, ...config } }).shake().openGates();

  test("leaves the text unchanged, bit for bit, while its gates are closed", async () => {
    const block = new LiveBlock(GatedXattnDense).shake();
    const inputs = inputsFor(".#..#...", [10, 20]);
    expect(await bitsOf(block.run(inputs).text!)).toEqual(await bitsOf(inputs.text!));
  });

  test("changes the text once a gate is open", async () => {
    expect(
      changed(await read(open(), ".#..#...", [10, 20]), await wordsOf(inputsFor(".#..#...", [10, 20]).text!)),
    ).toBe("xxxxxxxx");
  });

  test("gives a gradient to its gates only, while they are closed", async () => {
    const block = new LiveBlock(GatedXattnDense).shake();
    const inputs = inputsFor(".#..#...", [10, 20]);
    const weights = block.weights.all();
    const { gradients } = valueAndGradients(
      () => sum(square(block.run(inputs).text!)),
      weights.map(({ variable }) => variable),
    );
    for (const [at, { name, group }] of weights.entries()) {
      const numbers = [...(await gradients[at]!.data())];
      if (group === "gate") expect(numbers[0], name).not.toBe(0);
      else
        expect(
          numbers.every((number) => number === 0),
          name,
        ).toBe(true);
    }
  });

  test("lets text after image 2 depend on image 2, and not at all on image 1", async () => {
    const block = open();
    const before = await read(block, ".#..#...", [10, 20]);
    expect(changed(before, await read(block, ".#..#...", [11, 20]))).toBe(".xxx....");
    expect(changed(before, await read(block, ".#..#...", [10, 21]))).toBe("....xxxx");
  });

  test("lets text see all images before it, where it is told to", async () => {
    const block = open({ attend: "allPrevious" });
    const before = await read(block, ".#..#...", [10, 20]);
    expect(changed(before, await read(block, ".#..#...", [11, 20])).slice(1)).toBe("xxxxxxx");
    expect(changed(before, await read(block, ".#..#...", [10, 21])).slice(1)).toBe("...xxxx");
  });

  test("keeps images from text before the first of them", async () => {
    const block = open();
    const before = await read(block, "...#....", [10]);
    expect(changed(before, await read(block, "...#....", [11]))).toBe("...xxxxx");
  });

  test("lets nothing through where a row has no image at all", async () => {
    const block = open();
    expect(changed(await read(block, "........", [10]), await read(block, "........", [11]))).toBe("........");
  });

  test("shows each of several tags in a row its own image, and the words after them the last one", async () => {
    const block = open();
    const before = await read(block, ".###....", [10, 20, 30]);
    expect(changed(before, await read(block, ".###....", [11, 20, 30]))).toBe(".x......");
    expect(changed(before, await read(block, ".###....", [10, 21, 30]))).toBe("..x.....");
    expect(changed(before, await read(block, ".###....", [10, 20, 31]))).toBe("...xxxxx");
  });

  test("lets nobody see images that are padding", async () => {
    const block = open();
    expect(changed(await read(block, ".#......", [10, 20]), await read(block, ".#......", [10, 21]))).toBe("........");
  });
});
