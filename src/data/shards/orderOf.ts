import { Random } from "../../core/random.ts";
import type { SourceState } from "../source.ts";
import { SampleOrder } from "./sampleOrder.ts";
import { type Shard, sampleCount } from "./shard.ts";

/** The order of each source that is open in this thread: it is walked on, not begun anew for each batch. */
const orders = new WeakMap<SourceState, SampleOrder>();

/** The order in which a source's samples come. */
export function orderOf(state: SourceState, shards: readonly Shard[], buffer: number): SampleOrder {
  const order =
    orders.get(state) ?? new SampleOrder(shards.map(sampleCount), buffer, new Random(state.seed).fork("order"));
  orders.set(state, order);
  return order;
}
