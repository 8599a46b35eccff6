import { type DeviceName, deviceNames } from "../../core/deviceNames.ts";
import { FlamingoError, reportOf } from "../../core/errors.ts";
import { openCpu } from "./cpu.ts";
import { isMissing, type Missing, type Opened } from "./opened.ts";
import { openTensorflow } from "./tensorflow/backend.ts";
import { openWasmDevice } from "./wasm/open.ts";
import { openWebgpu } from "./webgpu/open.ts";

export type { DeviceName };

/** The device that computes, once it is open. */
export interface Device extends Opened {
  readonly name: DeviceName;
  /** Why this one, in one sentence: that it was asked for, or which were passed over and why. */
  readonly reason: string;
}

export interface DeviceOptions {
  /** CPU threads of `wasm`; all cores by default. */
  threads?: number;
  /** Whether `webgpu` may be a GPU emulated on the CPU, for tests. FLAMINGO_SOFTWARE_GPU=1 says so as well. */
  allowSoftware?: boolean;
}

const openers: Record<DeviceName, (options: DeviceOptions) => Promise<Opened | Missing>> = {
  tensorflow: openTensorflow,
  webgpu: ({ allowSoftware }) => openWebgpu(allowSoftware ?? process.env.FLAMINGO_SOFTWARE_GPU === "1"),
  wasm: openWasmDevice,
  cpu: openCpu,
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
