import { z } from "zod";
import { float32, int32 } from "../core/port.ts";
import { countTags, mediaMask } from "../engine/ops/mediaMask.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/** Which images a text token may attend to, as a configuration field. */
export const attendField = z.enum(["immediate", "allPrevious"]).default("immediate").meta({
  title: "May see",
  description: "Only the last image at or before a word (the paper's choice), or all images so far.",
});

/** Whether rows may have fewer tags than images, as a configuration field. */
export const paddedField = z.boolean().default(false).meta({
  title: "Padded media",
  description: "Rows may have fewer <image> tags than images: those left over are padding that nothing looks at.",
});

/**
 * Says which images each word may look at: the last one at or before it, or all so far.
 *
 * With time[b, t] = number of `<image>` tags among locations[b, 0..t] (the tag itself counts, so it sees its own
 * image): mask[b, t, m] = 1 where time = m + 1 (immediate) or time >= m + 1 (all previous). Shapes: `locations`
 * [batch, length], `media` [batch, media, latents, visualDim] (only its sizes count), `mask` [batch, length, media].
 *
 * @throws FlamingoError MEDIA_COUNT if a row has more `<image>` tags than images, or fewer unless `padded`
 * @see Alayrac et al. 2022, Flamingo, section 2.3 and Figure 7, arXiv:2204.14198
 */
export const MediaMask = definePrimitive({
  name: "MediaMask",
  title: "Media mask",
  category: "Fusion",
  summary: "Says which images each word may look at: the last one at or before it, or all so far.",
  paper: "2.3, Figure 7",
  config: z.strictObject({ attend: attendField, padded: paddedField }),
  example: { padded: true },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3, visualDim: 4 },
  inputs: {
    locations: int32("batch length", "1 at each <image> tag, else 0"),
    media: float32("batch media latents visualDim", "visual tokens of each image"),
  },
  outputs: { mask: int32("batch length media", "1 where a word may look at an image") },
  pieces: { along: "length", past: true },
  build:
    ({ attend, padded }) =>
    ({ locations, media }, past) => {
      const [, images] = media.shape as [number, number];
      const before = past?.noted("tags"); // [B, 1]
      const mask = mediaMask(locations, images, { attend, padded, before });
      past?.note("tags", countTags(locations, before)); // frees `before`
      return mask;
    },
});
