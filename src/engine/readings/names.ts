import type { Value } from "../../core/call.ts";
import { QuantizedMatrix } from "../ops/quantized.ts";
import { clone, keep, type Tensor } from "../tensor.ts";

/**
 * A name of one's own for a value, which lasts beyond the operation; also for what is a weight. A quantised matrix is one of the weights, and
 * lasts as long as they do.
 */
export function keepName<Same extends Value>(value: Same): Same {
  return value instanceof QuantizedMatrix ? value : (keep(clone(value as unknown as Tensor)) as unknown as Same);
}
