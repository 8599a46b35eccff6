import { getBackend, type Tensor } from "../tensor.ts";

/** What a device can do. Code outside of the devices' folders asks for this, never for a device's name. */
export interface Capabilities {
  /**
   * Whether numbers can be read without waiting for the device. Where they cannot, the device continues with the next work
   * while numbers are on their way.
   */
  readonly readsAtOnce: boolean;
  /** Where numbers cannot be read at once: those of a tensor that the host made, and has kept. */
  hostCopy?(tensor: Tensor): ArrayLike<number> | undefined;
  /** Whether a row of a product has the same bits wherever it stands and whatever stands beside it, among as many rows. */
  readonly rowsKeepBits: boolean;
  /** Bytes that the device can address, however much the machine has. */
  readonly addressable?: number;
  /** Makes a float32 tensor whose numbers are written to where they stay. Without it they are made in the host's memory first. */
  filled?(shape: readonly number[], fill: (target: Float32Array) => void): Tensor;
  /**
   * Lets products take their operands in half precision from now on, and add in single precision.
   *
   * @returns what ends it
   */
  startHalfProducts?(): () => void;
}

/** What TensorFlow.js promises of any device. */
const ordinary: Capabilities = { readsAtOnce: true, rowsKeepBits: true };

const byBackend = new Map<string, Capabilities>();

/** Says what a device can do, by the name of its backend in TensorFlow.js. */
export function setCapabilities(backend: string, capabilities: Capabilities): void {
  byBackend.set(backend, capabilities);
}

/** What the device can do that computes now. */
export function capabilities(): Capabilities {
  return byBackend.get(getBackend()) ?? ordinary;
}
