/**
 * The one place that imports TensorFlow.js' operations: the layers above take tensors and the plain operations on them
 * from here, and the fused ones from the files beside.
 */
import * as tf from "@tensorflow/tfjs";

// Argument checks that only a debug build needs, and an advertisement at start-up, go.
tf.enableProdMode();

export type { DataType, Rank, Scalar, Tensor, TensorContainer, TypedArray, Variable } from "@tensorflow/tfjs";
export {
  argMax,
  cast,
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
  logSoftmax,
  max,
  mean,
  memory,
  notEqual,
  ones,
  pad,
  range,
  reshape,
  rsqrt,
  scalar,
  setBackend,
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
export { slice } from "./slice.ts";
