import { expect, test } from "vitest";
import { RotaryEmbedding } from "../../src/blocks/rotaryEmbedding.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Incremental } from "../../src/engine/readings/incremental.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { slice, type Tensor } from "../../src/engine/tensor.ts";
import { numbers, tensorOf } from "../engine/numbers.ts";

test("dynamic scaling turns what a cache holds as far as the text was long when it was read, as transformers does", async () => {
  await openDevice("cpu");
  const weights = new Weights(1);
  const config = { heads: 2, headDim: 4, scaling: "dynamic" as const, factor: 4, trainedLength: 3 };
  const incremental = new Incremental(weights);
  const chunked = instantiate(RotaryEmbedding, config, incremental.reading());
  const whole = instantiate(RotaryEmbedding, config, new Eager(weights));
  const text = tensorOf(numbers([1, 7, 8], 3));
  const cut = (x: Tensor, start: number, end: number) => slice(x, [0, start, 0], [1, end - start, 8]);
  let start = 0;
  for (const end of [2, 5, 6, 7]) {
    const chunk = incremental.read(cut(text, start, end), (x) => chunked({ x }) as Tensor);
    const untilThere = whole({ x: cut(text, 0, end) }) as Tensor;
    await expect(chunk).toBeAllclose(await cut(untilThere, start, end).data(), { relative: 1e-5, absolute: 1e-6 });
    start = end;
  }
  const [before, after] = [6, 7].map((end) => cut(whole({ x: cut(text, 0, end) }) as Tensor, 1, 2)) as [Tensor, Tensor];
  expect(await before.data()).not.toEqual(await after.data());
});
