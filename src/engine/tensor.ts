/**
 * TensorFlow.js' tensors and plain operations, for the folders above the engine; `ops/` has the operations of our own.
 */
import * as tf from "@tensorflow/tfjs";

// Leaves out argument checks that only a debug build needs, and an advertisement at start-up.
tf.enableProdMode();

export type { DataType, Rank, Scalar, Tensor, TensorContainer, TypedArray, Variable } from "@tensorflow/tfjs";
/** All of TensorFlow.js, for notebooks and scripts: the copy that the library uses. */
export * as tf from "@tensorflow/tfjs";
export {
  add,
  argMax,
  cast,
  clipByValue,
  clone,
  concat,
  cumsum,
  dispose,
  div,
  engine,
  equal,
  exp,
  expandDims,
  eye,
  fill,
  gather,
  getBackend,
  greaterEqual,
  keep,
  logicalAnd,
  logSoftmax,
  max,
  maximum,
  mean,
  memory,
  mul,
  notEqual,
  ones,
  pad,
  range,
  relu,
  reshape,
  rsqrt,
  scalar,
  setBackend,
  sigmoid,
  square,
  sub,
  sum,
  tensor,
  tidy,
  tile,
  topk,
  transpose,
  variable,
  zeros,
} from "@tensorflow/tfjs";
export { slice } from "./ops/layout.ts";
