import { expect, test } from "vitest";
import { Eager, GatedXattnDense, instantiate, openDevice, Weights } from "../../src/index.ts";

const make = () => instantiate(GatedXattnDense, { dim: 8, visualDim: 4 }, new Eager(new Weights(1)));

test("weights are refused in one sentence until a device is open", async () => {
  expect(make).toThrow(
    expect.objectContaining({
      code: "DEVICE_UNAVAILABLE",
      message: "no device is open yet",
      details: { fix: 'await openDevice("auto") first' },
    }),
  );
  await openDevice("cpu");
  expect(make).not.toThrow();
});
