import fc from "fast-check";
import { expect, test } from "vitest";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { agrees, seed, tries } from "./agreement.ts";
import { numbers } from "./numbers.ts";

/** Sizes of up to six axes, and for each what is cut off before and after. */
const box = fc.array(fc.tuple(fc.constantFrom(1, 2, 3, 5), fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 6 });

describeDevices("cutting and joining", (device) => {
  // TensorFlow.js' padding, which is the gradient, knows four axes there.
  const boxes = device === "webgpu" ? box.filter((axes) => axes.length <= 4) : box;

  test("slice takes the box that it names, and its gradient puts it back", () =>
    fc.assert(
      fc.asyncProperty(boxes, seed, async (axes, seed) => {
        const inputs = {
          x: numbers(
            axes.map(([size, before, after]) => size + before + after),
            seed,
          ),
        };
        const [begin, sizes] = [axes.map(([, before]) => before), axes.map(([size]) => size)];
        await agrees(device, { inputs, run: ({ x }) => tf.slice(x!, begin, sizes) });
      }),
      tries(device),
    ));

  test("one axis of six is cut like any other", async () => {
    const inputs = { x: numbers([2, 3, 2, 2, 5, 4], 1) };
    const run = ({ x }: Record<string, tf.Tensor>) => tf.slice(x!, [0, 1, 0, 0, 0, 0], [2, 2, 2, 2, -1, 4]);
    await agrees(device, { inputs, run });
    await agrees(device, { inputs, run: ({ x }) => tf.slice(x!, [0, 0, 0, 0, 0, 2], [2, 3, 2, 2, 5, 2]) });
  });

  test("concat joins along every axis, and its gradient takes apart", () =>
    fc.assert(
      fc.asyncProperty(
        box.filter((axes) => axes.length < 5),
        fc.nat(3),
        seed,
        async (axes, chosen, seed) => {
          const axis = chosen % axes.length;
          const part = (length: number) => axes.map(([size], at) => (at === axis ? length : size));
          const inputs = { a: numbers(part(1), seed), b: numbers(part(3), seed + 1), c: numbers(part(2), seed + 2) };
          await agrees(device, { inputs, run: ({ a, b, c }) => tf.concat([a!, b!, c!], axis) });
        },
      ),
      tries(device),
    ));

  test("integers and booleans keep their type and their values", async () => {
    for (const type of ["int32", "bool"] as const) {
      const x = tf.tensor(
        [
          [1, 0, 1],
          [0, 1, 1],
        ],
        [2, 3],
        type,
      );
      const cut = tf.slice(x, [0, 1], [2, 2]);
      expect(cut.dtype).toBe(type);
      expect(Array.from(await cut.data())).toEqual([0, 1, 1, 1]);
      expect(Array.from(await tf.concat([x, cut], 1).data())).toEqual([1, 0, 1, 0, 1, 0, 1, 1, 1, 1]);
    }
  });

  test("pad puts a border of a value around", async () => {
    const padded = tf.pad(
      tf.tensor([
        [1, 2],
        [3, 4],
      ]),
      [
        [1, 0],
        [0, 2],
      ],
      7,
    );
    expect(Array.from(await padded.data())).toEqual([7, 7, 7, 7, 1, 2, 7, 7, 3, 4, 7, 7]);
  });
});
