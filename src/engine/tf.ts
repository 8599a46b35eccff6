/** TensorFlow.js, whole, for notebooks and scripts: the same copy on the same device as the library's own. */
export * as tf from "@tensorflow/tfjs";
