import fc from "fast-check";
import { expect } from "vitest";
import { blockOf, blockOnDevice, compareNumbers, isTensor, type Numbers, type Tolerance } from "./allclose.ts";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: merging needs the very declaration that vitest has
  interface Matchers<T = any> {
    /**
     * Every |actual − expected| ≤ absolute + relative·|expected|, shapes equal, nothing NaN. With a tensor on either
     * side the numbers come from its device, so the answer is a promise: `await expect(tensor).toBeAllclose(...)`.
     */
    toBeAllclose(expected: Numbers, tolerance?: Tolerance): T;
  }
}

expect.extend({
  toBeAllclose(actual: Numbers, expected: Numbers, tolerance?: Tolerance) {
    const answer = (left: ReturnType<typeof blockOf>, right: ReturnType<typeof blockOf>) => {
      const { pass, finding } = compareNumbers(left, right, tolerance);
      return { pass, message: () => `expected the numbers ${pass ? "not " : ""}to be all close: ${finding}` };
    };
    if (!isTensor(actual) && !isTensor(expected)) return answer(blockOf(actual), blockOf(expected));
    return Promise.all([blockOnDevice(actual), blockOnDevice(expected)]).then(([left, right]) => answer(left, right));
  },
});

// The same examples each time: a change is judged by itself, not by luck. FLAMINGO_TEST_SEED tries others.
fc.configureGlobal({ seed: Number(process.env.FLAMINGO_TEST_SEED ?? 20261124) });
