import { z } from "zod";
import { functional } from "../core/functional.ts";
import { int32 } from "../core/port.ts";
import { countImages, mediaMask as maskOf } from "../engine/ops/mediaMask.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { locationsPort, mediaPort } from "./mediaPorts.ts";

/** The configuration of a media mask. */
export const mediaMaskFields = {
  attend: z.enum(["immediate", "allPrevious"]).default("immediate").meta({
    title: "Attend to",
    description: "Only the last image at or before a token (the paper's choice), or all images so far.",
  }),
  padded: z.boolean().default(false).meta({
    title: "Padded media",
    description:
      "Rows may have fewer <image> tokens than images: the images left over are padding, which no token attends to.",
  }),
};

/**
 * The media mask: which images each token may attend to, the last one at or before it or all so far.
 *
 * With time[b, t] = number of `<image>` tokens among locations[b, 0..t] (the token itself counts, so it attends to its own
 * image): mask[b, t, m] = 1 where time = m + 1 (immediate) or time >= m + 1 (all previous). Shapes: `locations`
 * [batch, length], `media` [batch, media, latents, visualDim] (only its sizes count), `mask` [batch, length, media].
 *
 * @throws FlamingoError MEDIA_COUNT if a row has more `<image>` tokens than images, or fewer unless `padded`
 * @see Alayrac et al. 2022, Flamingo, section 2.3 and Figure 7, arXiv:2204.14198
 */
export const MediaMask = definePrimitive({
  name: "MediaMask",
  title: "Media mask",
  category: "Fusion",
  summary: "The media mask: which images each token may attend to, the last one at or before it or all so far.",
  paper: "2.3, Figure 7",
  config: z.strictObject(mediaMaskFields),
  example: { padded: true },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3, visualDim: 4 },
  inputs: {
    locations: locationsPort,
    media: mediaPort,
  },
  outputs: { mask: int32("batch length media", "1 where a token may attend to an image") },
  chunks: { along: "length", cache: true },
  build:
    ({ attend, padded }) =>
    ({ locations, media }, cache) => {
      const [, images] = media.shape as [number, number];
      const before = cache?.get("images"); // [B, 1]
      const mask = maskOf(locations, images, { attend, padded, before });
      cache?.set("images", countImages(locations, before)); // frees `before`
      return mask;
    },
});

/** `mediaMask.with({ attend, padded })(locations, media)`: 1 where a token may attend to an image. */
export const mediaMask = functional(MediaMask);
