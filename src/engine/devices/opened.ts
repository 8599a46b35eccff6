import type { Capabilities } from "./capabilities.ts";

/** What is known of a device once it is open. */
export interface Opened extends Capabilities {
  /** The device in a person's words: the chip, or the kernels that compute. */
  readonly description: string;
  /** Whether it is a GPU emulated on the CPU: right for tests, far too slow for work. */
  readonly software: boolean;
  readonly threads?: number;
  /** Bytes that tensors may take up; undefined where the device does not report it. */
  readonly memory?: number;
}

/** Why a device is not there, and what would bring it. */
export interface Missing {
  readonly missing: string;
  readonly fix: string;
}

export function isMissing(found: object): found is Missing {
  return "missing" in found;
}
