import { FlamingoError } from "./errors.ts";

/**
 * Checks that every row of a batch has as many `<image>` tokens as images. With more tokens than images a token
 * would attend to nothing (in OpenFlamingo, to the mean of all images); with fewer, an image would never be attended to.
 *
 * @param locations row by row, nonzero where an `<image>` tag stands; `length` entries a row
 * @param media images of each row
 * @param padded rows may have fewer `<image>` tokens than images: the images left over are padding, which no token attends to
 * @param before `<image>` tokens of each row in the chunks of the text before this one
 * @throws FlamingoError MEDIA_COUNT, naming the row
 */
export function checkMediaCount(
  locations: ArrayLike<number>,
  length: number,
  media: number,
  padded = false,
  before?: ArrayLike<number>,
): void {
  for (let row = 0; row * length < locations.length; row++) {
    let tokens = before?.[row] ?? 0;
    for (let at = row * length; at < (row + 1) * length; at++) if (locations[at]) tokens++;
    if (tokens === media || (padded && tokens < media)) continue;
    const fix =
      tokens > media
        ? "give an image for each <image> token, or remove tokens"
        : "put an <image> token where each image belongs";
    throw new FlamingoError("MEDIA_COUNT", `row ${row} has ${tokens} <image> tokens in its text but ${media} images`, {
      expected: media,
      actual: tokens,
      fix,
    });
  }
}
