// The module's two entries: `dispatch` is called by the thread that owns the tensors, `work` never returns in the others.

import { block, gather, threads } from "./control";
import { QUANTIZED_SCRATCH } from "./quantized";
import { perform } from "./operations"; // generated from the other files by ../dispatch.ts

export * from "./operations";
export { configure } from "./control";

export function scratchSize(): i32 { return QUANTIZED_SCRATCH as i32; }

// A thread that waits looks this often, for some ten microseconds, before it sleeps: waking one takes longer.
const SPINS: i32 = 20000;

// Runs one operation, whose arguments stand in the control block, on all threads or on this one alone.
export function dispatch(operation: i32, alone: bool): void {
  const control = block();
  if (alone || threads() == 1) {
    gather(1);
    return perform(operation);
  }
  store<i32>(control, operation, 128);
  atomic.store<i32>(control, threads() - 1, 64);
  atomic.add<i32>(control, 1);
  atomic.notify(control, -1);
  gather(threads());
  perform(operation);
  let left = atomic.load<i32>(control, 64);
  for (let spins = 0; left != 0; left = atomic.load<i32>(control, 64)) {
    if (++spins > SPINS) atomic.wait<i32>(control + 64, left, -1);
  }
}

export function work(): void {
  const control = block();
  gather(threads());
  for (let done = 0; ; done++) {
    for (let spins = 0; atomic.load<i32>(control) == done; ) {
      if (++spins > SPINS) {
        atomic.add<i32>(control, 1, 164);
        atomic.wait<i32>(control, done, -1);
        atomic.sub<i32>(control, 1, 164);
      }
    }
    perform(load<i32>(control, 128));
    if (atomic.sub<i32>(control, 1, 64) == 1) atomic.notify(control + 64, 1);
  }
}
