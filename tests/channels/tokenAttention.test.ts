import { expect, test } from "vitest";
import type { AttentionImage } from "../../src/channels/attention.ts";
import { attentionMaps } from "../../src/channels/attentionMaps.ts";
import { isRight } from "../../src/channels/samples.ts";
import {
  attentionScale,
  firstContentToken,
  headFocus,
  tokenAttention,
  wholeView,
} from "../../src/channels/tokenAttention.ts";

const even = [0.25, 0.25, 0.25, 0.25];
const layers = [
  { node: "language", path: ["0"], type: "GatedXattnDense", gate: -0.5 },
  { node: "language", path: ["1"], type: "GatedXattnDense", gate: 0 },
];
/** Of two layers with two heads each; `cross` is the mean over them. */
const image: AttentionImage = {
  image: 0,
  label: "red apple",
  tokens: ["<image>", ",", "red"],
  cross: [
    [
      [1, 0],
      [0.5, 0.5],
      [0, 1],
    ],
    [
      [0, 1],
      [0.5, 0.5],
      [0, 1],
    ],
  ],
  heads: [
    [
      [
        [1, 0],
        [1, 0],
        [0, 1],
      ],
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
    ],
    [
      [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
      [
        [0, 1],
        [1, 0],
        [0, 1],
      ],
    ],
  ],
  resampler: [even, [1, 0, 0, 0]],
};

test("a token's attention sums to 1 in a layer, in a head, and over the mean of layers", () => {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  for (const layer of [0, 1, "mean"] as const)
    for (const head of [0, 1, "mean"] as const)
      for (const token of [0, 1, 2])
        expect(sum(tokenAttention(layers, image, { ...wholeView, layer, head }, token))).toBeCloseTo(1, 12);
  expect(tokenAttention(layers, image, wholeView, 0)).toEqual([0.625, 0.125, 0.125, 0.125]);
});

test("a head's attention is its own; the mean over heads is the layer's", () => {
  const of = (head: number | "mean") => tokenAttention(layers, image, { ...wholeView, layer: 0, head }, 1);
  expect([of(0), of(1)]).toEqual([even, [1, 0, 0, 0]]);
  expect(of("mean")).toEqual(of(0).map((value, patch) => (value + of(1)[patch]!) / 2));
  const earlier = { ...image };
  delete earlier.heads; // a frame that has the mean only
  expect(tokenAttention(layers, earlier, { ...wholeView, layer: 0, head: 0 }, 1)).toEqual(of("mean"));
});

test("behind a closed gate nothing of the attention enters the text; the scale stays that of the attention", () => {
  const gated = { ...wholeView, gated: true };
  expect(tokenAttention(layers, image, { ...gated, layer: 1 }, 0)).toEqual([0, 0, 0, 0]);
  expect(tokenAttention(layers, image, { ...gated, layer: 0 }, 0)).toEqual(even.map((share) => share / 2));
  for (const layer of [0, 1, "mean"] as const)
    expect(attentionScale(layers, image, { ...gated, layer })).toEqual(
      attentionScale(layers, image, { ...wholeView, layer }),
    );
});

test("the scale ends at the largest attention of any token", () => {
  expect(attentionScale(layers, image, { ...wholeView, layer: 0 })).toEqual({ end: 1, even: 0.25 });
  const flat = { ...image, resampler: [even, [0.22, 0.26, 0.26, 0.26]] };
  expect(attentionScale(layers, flat, { ...wholeView, layer: 0 })).toEqual({ end: 0.26, even: 0.25 });
});

test("a head that attends to all latents alike has focus 0, one that attends to a single one 1; only text counts", () => {
  const [sharp, even] = [[1, 0], [0.5, 0.5]]; // biome-ignore format: a row each
  const heads = [[[even!, sharp!, sharp!], [sharp!, even!, even!], [sharp!, sharp!, even!]]]; // biome-ignore format: heads
  const of = (head: number) => headFocus({ images: [{ ...image, heads }] }, 0, head);
  expect([of(0), of(1), of(2)]).toEqual([1, 0, 0.5]);
  expect(
    headFocus(
      {
        images: [
          {
            ...image,
            heads: [
              [
                [
                  [0.75, 0.25],
                  [0.75, 0.25],
                  [0.75, 0.25],
                ],
              ],
            ],
          },
        ],
      },
      0,
      0,
    ),
  ).toBeCloseTo(1 + (0.75 * Math.log(0.75) + 0.25 * Math.log(0.25)) / Math.LN2, 12);
});

test("the first token that is shown is text", () => {
  expect(firstContentToken(image.tokens)).toBe(2);
  expect(firstContentToken(["<image>", "."])).toBe(0);
});

test("a caption is right if it is the label, whatever its case and its stop", () => {
  expect(isRight({ label: "red apple", caption: " Red  apple." })).toBe(true);
  expect(isRight({ label: "red apple", caption: "apple" })).toBe(false);
});

test("through the resampler by the plain product, it is a direct product of cross-attention and that", () => {
  const product = [
    [0.7, 0.1, 0.1, 0.1],
    [0, 0, 0.5, 0.5],
  ];
  const view = { ...wholeView, layer: 1, head: 0, through: "product" } as const;
  for (const token of [0, 1, 2]) {
    const over = image.heads![1]![0]![token]!;
    const direct = [0, 1, 2, 3].map((patch) => over[0]! * product[0]![patch]! + over[1]! * product[1]![patch]!);
    expect(tokenAttention(layers, { ...image, product }, view, token)).toEqual(direct);
  }
  expect(tokenAttention(layers, image, view, 0)).toEqual(
    tokenAttention(layers, image, { ...view, through: "rollout" }, 0),
  );
});

test("maps of one token are of that token in every image that has it", () => {
  const frame = {
    step: 5,
    layers,
    grid: { rows: 2, columns: 2 },
    images: [image, { ...image, image: 1, tokens: ["<image>", "a", "dog"] }],
  };
  const { images } = attentionMaps(frame, { token: "red", layer: 0, head: 1 });
  expect(images.map(({ maps }) => maps.map(({ token }) => token))).toEqual([["red"], []]);
  expect(images[0]!.maps[0]!.weights).toEqual(tokenAttention(layers, image, { ...wholeView, layer: 0, head: 1 }, 2));
});
