import type { AttentionFrame, AttentionImage } from "../../src/channels/attention.ts";

/** Frames of the video among its pinned images. */
export const videoFrames = 3;

/** What a run without a model comes to at a step. */
export function liveValues(step: number) {
  return { loss: 4 / step + (step === 37 ? 20 : 0), tanh: step / 200, caption: step < 50 ? "heart" : "red heart" };
}

/** Its attention at that step: from even to all on the first patch; over a video, more and more on the last frame. */
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
      liveVideo(step),
    ],
  };
}

function liveVideo(step: number): AttentionImage {
  const last = 1 / 3 + step / 300;
  const shares = [(1 - last) / 2, (1 - last) / 2, last];
  const one = [[1], [1]]; // biome-ignore format: a row each
  return {
    ...{ image: 1, label: "moves left", tokens: ["<image>", "moves"], frames: videoFrames },
    ...{
      cross: [one],
      heads: [[one]],
      resampler: [shares.flatMap((share) => [share / 4, share / 4, share / 4, share / 4])],
    },
  };
}
