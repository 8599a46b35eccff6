import { beforeAll, describe } from "vitest";
import { findAdapter } from "../src/engine/adapter.ts";
import { isMissing } from "../src/engine/availability.ts";
import { type DeviceName, openDevice } from "../src/engine/device.ts";
import { findTensorflow } from "../src/engine/tensorflow/backend.ts";
import { optional } from "./optional.ts";

const adapter = await findAdapter(true);
const webgpu = isMissing(adapter) ? adapter.missing : "";
const there = {
  webgpu: optional("webgpu tests", !webgpu, `${webgpu} (install Debian's chromium for SwiftShader, an emulated GPU)`),
  tensorflow: optional("tensorflow tests", findTensorflow() !== undefined, "@tensorflow/tfjs-node is not installed"),
};

/** The devices of this machine. FLAMINGO_TEST_DEVICES=cpu,wasm takes fewer. */
export const devices: readonly DeviceName[] = (["cpu", "wasm", "webgpu", "tensorflow"] as const)
  .filter((name) => name === "cpu" || name === "wasm" || there[name])
  .filter((name) => process.env.FLAMINGO_TEST_DEVICES?.split(",").includes(name) ?? true);

/** Runs a block of tests on each device, which is opened once for the block. */
export function describeDevices(name: string, block: (device: DeviceName) => void): void {
  describe.each(devices)(`${name} on %s`, (device) => {
    beforeAll(async () => {
      await openDevice(device, { allowSoftware: true });
    });
    block(device);
  });
}
