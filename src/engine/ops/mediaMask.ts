import { cast, cumsum, equal, expandDims, greaterEqual, range, scalar, type Tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";

/**
 * Which of a row's images each of its words may look at.
 *
 * mask[b, t, m] = (time[b, t] == m + 1), or >= for `allPrevious`, where time is the number of tags up to and with t.
 * Shapes: `locations` int32 [batch, length], result int32 [batch, length, media].
 *
 * @param before int32 [batch, 1]: tags in the text before this piece of it
 */
export function mediaMask(
  locations: Tensor,
  media: number,
  attend: "immediate" | "allPrevious",
  before?: Tensor,
): Tensor {
  const tags = locations.shape[1] === 1 ? locations : cumsum(locations, 1);
  const time = expandDims(before ? add(tags, before) : tags, 2);
  const order = range(1, media + 1, 1, "int32");
  return cast(attend === "immediate" ? equal(time, order) : greaterEqual(time, order), "int32");
}

/** 1 where a whole number equals `value`, else 0. Shapes: `x` int32 [...], result int32 [...]. */
export function equalTo(x: Tensor, value: number): Tensor {
  return cast(equal(x, scalar(value, "int32")), "int32");
}
