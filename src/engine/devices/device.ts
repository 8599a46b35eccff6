import { FlamingoError, reportOf } from "../../core/errors.ts";
import { getBackend, setBackend } from "../tensor.ts";
import { isMissing, type Missing, type Opened } from "./availability.ts";
import { openTensorflow } from "./tensorflow/backend.ts";
import { openWasm } from "./wasm/backend.ts";
import { openWebgpu } from "./webgpu/open.ts";

/** All devices, in the order in which `auto` tries them: from the fastest to the one that is always there. */
export const deviceNames = ["tensorflow", "webgpu", "wasm", "cpu"] as const;

export type DeviceName = (typeof deviceNames)[number];

/** The device that computes, once it is open. */
export interface Device extends Opened {
  readonly name: DeviceName;
  /** Why this one, in one sentence: who asked for it, or what was passed over and why. */
  readonly reason: string;
}

export interface DeviceOptions {
  /** CPU threads of `wasm`; all cores unless told. */
  threads?: number;
  /** Whether `webgpu` may be a GPU emulated on the CPU, for tests. FLAMINGO_SOFTWARE_GPU=1 says so as well. */
  allowSoftware?: boolean;
}

/** WebAssembly counts its bytes in 32 bits. */
const addressable = 2 ** 32;

const openers: Record<DeviceName, (options: DeviceOptions) => Promise<Opened | Missing>> = {
  tensorflow: openTensorflow,
  webgpu: ({ allowSoftware }) => openWebgpu(allowSoftware ?? process.env.FLAMINGO_SOFTWARE_GPU === "1"),
  wasm: async ({ threads }) => {
    const wasm = await openWasm(threads === undefined ? {} : { threads });
    const memory = Math.min(addressable, process.availableMemory());
    return { description: `WebAssembly: ${wasm.note}`, software: false, threads: wasm.threads, memory };
  },
  cpu: async () => {
    await setBackend("cpu");
    return {
      description: "plain JavaScript, the reference",
      software: false,
      threads: 1,
      memory: process.availableMemory(),
    };
  },
};

/**
 * Opens a device and makes it the one on which every tensor operation of this process runs.
 *
 * `auto` takes the first that is there of `tensorflow` (tfjs-node-gpu or tfjs-node, if installed), `webgpu` (a real GPU
 * only), `wasm` and `cpu`, and says in `reason` which it passed over and why.
 *
 * @throws FlamingoError DEVICE_UNAVAILABLE if the device that was asked for is not there, with what would bring it
 */
export async function openDevice(name: DeviceName | "auto" = "auto", options: DeviceOptions = {}): Promise<Device> {
  checkRequest(name, options);
  if (name === "auto") return openBest(options);
  const opened = await tryToOpen(name, options);
  if (isMissing(opened))
    throw new FlamingoError("DEVICE_UNAVAILABLE", `the device ${name} is not there: ${opened.missing}`, {
      fix: `${opened.fix}; or ask for auto`,
      actual: name,
    });
  return { name, reason: "it was asked for", ...opened };
}

async function openBest(options: DeviceOptions): Promise<Device> {
  const passedOver: string[] = [];
  for (const name of deviceNames) {
    const opened = await tryToOpen(name, { ...options, allowSoftware: false });
    if (isMissing(opened)) passedOver.push(`${name} (${opened.missing})`);
    else {
      const rest = passedOver.length > 0 ? `; not ${passedOver.join(", not ")}` : "";
      return { name, reason: `the fastest that is there${rest}`, ...opened };
    }
  }
  throw new FlamingoError("DEVICE_UNAVAILABLE", `no device works: ${passedOver.join(", ")}`, {
    fix: "install the project's packages again",
  });
}

async function tryToOpen(name: DeviceName, options: DeviceOptions): Promise<Opened | Missing> {
  try {
    return await openers[name](options);
  } catch (error) {
    const { message, fix = "install the project's packages again" } = reportOf(error);
    return { missing: message, fix };
  }
}

function checkRequest(name: string, { threads }: DeviceOptions): void {
  const expected = ["auto", ...deviceNames];
  if (!expected.includes(name))
    throw new FlamingoError("DEVICE_UNAVAILABLE", `there is no device "${name}"`, {
      expected,
      actual: name,
      fix: `ask for one of ${expected.join(", ")}`,
    });
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new FlamingoError("USAGE", `threads is ${threads}, expected a whole number of at least 1`, {
      actual: threads,
      fix: "leave it out to use all cores",
    });
}

/**
 * Lets products take their operands in half precision from now on, and add in single precision, where the open device
 * can.
 *
 * @returns what ends it; undefined where the device cannot
 */
export async function startHalfProducts(): Promise<(() => void) | undefined> {
  if (getBackend() !== "webgpu") return undefined;
  // Only who computes there may load what needs a GPU.
  const { hasHalfProducts, setHalfProducts } = await import("./webgpu/backend.ts");
  if (!hasHalfProducts()) return undefined;
  setHalfProducts(true);
  return () => void setHalfProducts(false);
}
