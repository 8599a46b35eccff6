import { FlamingoError } from "./errors.ts";

/**
 * Checks that every row of a batch has as many `<image>` tags as it has images: with more tags than images a word
 * would look at nothing or, in the reference, at the mean of all of them; with fewer, an image would never be seen.
 *
 * @param locations row by row, nonzero where an `<image>` tag stands; `length` entries a row
 * @param media images of each row
 * @param padded rows may have fewer tags than images: the images left over are padding that nothing looks at
 * @param before tags of each row in the text before this piece of it
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
    let tags = before?.[row] ?? 0;
    for (let at = row * length; at < (row + 1) * length; at++) if (locations[at]) tags++;
    if (tags === media || (padded && tags < media)) continue;
    const fix =
      tags > media ? "give an image for each tag, or remove tags" : "put an <image> tag where each image belongs";
    throw new FlamingoError("MEDIA_COUNT", `row ${row} has ${tags} <image> tags in its text but ${media} images`, {
      expected: media,
      actual: tags,
      fix,
    });
  }
}
