import { float32, int32 } from "../core/port.ts";

/** The visual tokens of a text's images and videos: what a resampler gives and cross-attention reads. */
export const mediaPort = float32("batch media latents visualDim", "visual tokens of each image or video");

/** Where a text has its images. */
export const locationsPort = int32("batch length", "1 at each <image> token, else 0");
