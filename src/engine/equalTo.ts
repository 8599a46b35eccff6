import { cast, equal, scalar, type Tensor } from "./tensor.ts";

/** 1 where a whole number equals `value`, else 0. Shapes: `x` int32 [...], result int32 [...]. */
export function equalTo(x: Tensor, value: number): Tensor {
  return cast(equal(x, scalar(value, "int32")), "int32");
}
