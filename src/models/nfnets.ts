import type { z } from "zod";
import type { NfNet } from "../blocks/nfnet.ts";

/** Sides of the images that each was trained on, in pixels. */
const sides = { F0: 192, F1: 224, F2: 256, F3: 320, F4: 384, F5: 416, F6: 448 } as const;

/**
 * NFNet-F0 to F6, by name: F1 is twice as deep as F0, F2 three times, and so on. Flamingo's vision encoder is F6.
 *
 * @see Brock et al. 2021, NFNet, arXiv:2102.06171, Table 1
 */
export const nfnets = Object.fromEntries(
  Object.entries(sides).map(([name, imageSize], n) => {
    const depths = [1, 2, 6, 3].map((depth) => depth * (n + 1));
    return [name, { imageSize, visualDim: 3072, depths }];
  }),
) as Readonly<Record<keyof typeof sides, z.input<typeof NfNet.config>>>;
