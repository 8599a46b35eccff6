import type { AttentionFrame } from "../../src/channels/attention.ts";

/** What a run without a model comes to at a step. */
export function liveValues(step: number) {
  return { loss: 4 / step + (step === 37 ? 20 : 0), tanh: step / 200, caption: step < 50 ? "heart" : "red heart" };
}

/** Its attention at that step: from even to all on the first patch. */
export function liveFrame(step: number): AttentionFrame {
  const [first, other] = [0.25 + step / 400, 0.25 - step / 1200];
  const one = [[1], [1], [1]]; // biome-ignore format: a row each
  return {
    step,
    layers: [{ node: "flamingo", path: ["0"], type: "GatedXattnDense", gate: liveValues(step).tanh }],
    grid: { rows: 2, columns: 2 },
    images: [
      {
        ...{ image: 0, label: "red heart", tokens: ["<image>", "red", "heart"] },
        ...{ cross: [one], heads: [[one]], resampler: [[first, other, other, other]] },
      },
    ],
  };
}
