// The module's two entries: `dispatch` is called by the thread that owns the tensors, `work` never returns in the others.

import { block, thread, threads } from "./control";
import { matMul } from "./matMul";
import { GEMM_SCRATCH } from "./gemm";
export { configure } from "./control";

export function scratchSize(): i32 { return GEMM_SCRATCH as i32; }

// Runs one operation, whose arguments stand in the control block, on all threads or on this one alone.
export function dispatch(operation: i32, alone: bool): void {
  const control = block();
  if (alone) return performAlone(operation);
  store<i32>(control, operation, 128);
  atomic.store<i32>(control, threads() - 1, 64);
  atomic.add<i32>(control, 1);
  atomic.notify(control, -1);
  perform(operation);
  join(control + 64);
}

function join(pending: usize): void {
  let spins = 0;
  for (;;) {
    const left = atomic.load<i32>(pending);
    if (left == 0) return;
    if (++spins > SPINS) atomic.wait<i32>(pending, left, -1);
  }
}
