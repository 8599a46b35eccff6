import { checkMediaCount } from "../../core/mediaCount.ts";
import { checkNumbers, hostValues } from "../read.ts";
import { cast, cumsum, equal, expandDims, greaterEqual, range, scalar, sum, type Tensor, tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";

export interface MediaMaskOptions {
  /** Only the last image at or before a token, or all images so far. */
  attend: "immediate" | "allPrevious";
  /** Whether rows may have fewer `<image>` tokens than images: the images left over are padding. */
  padded?: boolean;
  /** int32 [batch, 1]: images in the chunks before this one, as `countImages` gives them. */
  before?: Tensor | undefined;
}

/**
 * Which of a row's images each of its tokens may attend to.
 *
 * mask[b, t, m] = (time[b, t] == m + 1), or >= for `allPrevious`, where time is the number of `<image>` tokens up to and with t.
 * Shapes: `locations` int32 [batch, length], result int32 [batch, length, media].
 *
 * @throws FlamingoError MEDIA_COUNT if a row has more `<image>` tokens than images, or fewer unless `padded`
 */
export function mediaMask(locations: Tensor, media: number, { attend, padded, before }: MediaMaskOptions): Tensor {
  const length = locations.shape[1]!;
  checkNumbers([locations, ...(before ? [before] : [])], (tokens, earlier) =>
    checkMediaCount(tokens!, length, media, padded, earlier),
  );
  const tokens = length === 1 ? locations : cumsum(locations, 1);
  const time = expandDims(before ? add(tokens, before) : tokens, 2);
  const order = range(1, media + 1, 1, "int32");
  return cast(attend === "immediate" ? equal(time, order) : greaterEqual(time, order), "int32");
}

/**
 * The number of `<image>` tokens in each row so far. Shapes: `locations` int32 [batch, length], `before` and result int32 [batch, 1].
 */
export function countImages(locations: Tensor, before?: Tensor): Tensor {
  const [rows, length] = locations.shape as [number, number];
  const known = hostValues(locations);
  const earlier = before && hostValues(before);
  if (known && (earlier || !before)) {
    const counts = Int32Array.from({ length: rows }, (_, row) => earlier?.[row] ?? 0);
    for (let at = 0; at < known.length; at++) counts[Math.floor(at / length)]! += known[at]!;
    return tensor(counts, [rows, 1], "int32");
  }
  const tokens = length === 1 ? locations : sum(locations, 1, true);
  return before ? add(tokens, before) : tokens;
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
