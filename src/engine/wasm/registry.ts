import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { FlamingoError } from "../../core/errors.ts";
import type { SharedBackend } from "./module.ts";
import type { Team } from "./team.ts";

/** What a kernel gets to work with. */
export interface Device extends Pick<Team, "perform" | "total" | "threads"> {
  /** Byte offset of a tensor's first element. */
  address(tensor: tf.TensorInfo, dtype?: tf.DataType): number;
  /** A new tensor, of undefined content. */
  output(shape: readonly number[], dtype?: tf.DataType): tf.TensorInfo;
}

type Inputs = Record<string, tf.TensorInfo>;

/** A kernel of the wasm device: inputs and attributes to its result. */
export type Kernel<Attributes> = (device: Device, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];
