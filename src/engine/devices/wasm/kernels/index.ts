// The module's two entries: `dispatch` is called by the thread that owns the tensors, `work` never returns in the others.

import { activate, activateGradient } from "./activation";
import { adamW } from "./adamW";
import { attention, attentionGradient } from "./attention";
import { copyBox } from "./boxes";
import { block, gather, threads } from "./control";
import { crossEntropy, crossEntropyGradient } from "./crossEntropy";
import { add, addScaled, affine, dot, multiply, sumRows } from "./elementwise";
import { embed, embedGradient } from "./embedding";
import { GEMM_SCRATCH } from "./gemm";
import { layerNorm, layerNormGradient } from "./layerNorm";
import { matMul } from "./matMul";
import * as operations from "./operations";
import { rotate } from "./rotary";
import { swiglu, swigluGradient } from "./swiglu";
import { fold, unfold } from "./unfold";

export { configure } from "./control";

export function scratchSize(): i32 { return GEMM_SCRATCH as i32; }

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

function perform(operation: i32): void {
  switch (operation) {
    case operations.MAT_MUL: return matMul();
    case operations.ACTIVATE: return activate();
    case operations.ACTIVATE_GRADIENT: return activateGradient();
    case operations.LAYER_NORM: return layerNorm();
    case operations.LAYER_NORM_GRADIENT: return layerNormGradient();
    case operations.SUM_ROWS: return sumRows();
    case operations.ADD: return add();
    case operations.MULTIPLY: return multiply();
    case operations.AFFINE: return affine();
    case operations.ADD_SCALED: return addScaled();
    case operations.DOT: return dot();
    case operations.ATTENTION: return attention();
    case operations.ATTENTION_GRADIENT: return attentionGradient();
    case operations.EMBED: return embed();
    case operations.EMBED_GRADIENT: return embedGradient();
    case operations.CROSS_ENTROPY: return crossEntropy();
    case operations.CROSS_ENTROPY_GRADIENT: return crossEntropyGradient();
    case operations.UNFOLD: return unfold();
    case operations.FOLD: return fold();
    case operations.ADAM_W: return adamW();
    case operations.COPY_BOX: return copyBox();
    case operations.SWIGLU: return swiglu();
    case operations.SWIGLU_GRADIENT: return swigluGradient();
    case operations.ROTATE: return rotate();
  }
}
