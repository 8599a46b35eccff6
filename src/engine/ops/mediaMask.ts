import { checkMediaCount } from "../../core/mediaCount.ts";
import { checkNumbers, hostValues } from "../read.ts";
import { cast, cumsum, equal, expandDims, greaterEqual, range, scalar, sum, type Tensor, tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";

export interface MediaMaskOptions {
  /** Only the last image at or before a token, or all images so far. */
  attend: "immediate" | "allPrevious";
  /** Whether rows may have fewer tags than images: the images left over are padding. */
  padded?: boolean;
  /** int32 [batch, 1]: tags in the chunks before this one, as `countTags` gives them. */
  before?: Tensor | undefined;
}

/**
 * Which of a row's images each of its tokens may attend to.
 *
 * mask[b, t, m] = (time[b, t] == m + 1), or >= for `allPrevious`, where time is the number of tags up to and with t.
 * Shapes: `locations` int32 [batch, length], result int32 [batch, length, media].
 *
 * @throws FlamingoError MEDIA_COUNT if a row has more tags than images, or fewer unless `padded`
 */
export function mediaMask(locations: Tensor, media: number, { attend, padded, before }: MediaMaskOptions): Tensor {
  const length = locations.shape[1]!;
  checkNumbers([locations, ...(before ? [before] : [])], (tags, earlier) =>
    checkMediaCount(tags!, length, media, padded, earlier),
  );
  const tags = length === 1 ? locations : cumsum(locations, 1);
  const time = expandDims(before ? add(tags, before) : tags, 2);
  const order = range(1, media + 1, 1, "int32");
  return cast(attend === "immediate" ? equal(time, order) : greaterEqual(time, order), "int32");
}

/**
 * The number of tags in each row so far. Shapes: `locations` int32 [batch, length], `before` and result int32 [batch, 1].
 */
export function countTags(locations: Tensor, before?: Tensor): Tensor {
  const [rows, length] = locations.shape as [number, number];
  const known = hostValues(locations);
  const earlier = before && hostValues(before);
  if (known && (earlier || !before)) {
    const counts = Int32Array.from({ length: rows }, (_, row) => earlier?.[row] ?? 0);
    for (let at = 0; at < known.length; at++) counts[Math.floor(at / length)]! += known[at]!;
    return tensor(counts, [rows, 1], "int32");
  }
  const tags = length === 1 ? locations : sum(locations, 1, true);
  return before ? add(tags, before) : tags;
}

/**
 * 1 where a whole number equals `value`, else 0. Ids that the host made are compared there, so that it knows the result and can
 * check it. Shapes: `x` int32 [...], result int32 [...].
 */
export function equalTo(x: Tensor, value: number): Tensor {
  const known = hostValues(x);
  if (known)
    return tensor(
      Int32Array.from({ length: known.length }, (_, at) => (known[at] === value ? 1 : 0)),
      x.shape,
      "int32",
    );
  return cast(equal(x, scalar(value, "int32")), "int32");
}
