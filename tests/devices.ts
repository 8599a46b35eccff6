import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe } from "vitest";
import { type DeviceName, openDevice } from "../src/engine/devices/device.ts";
import { isMissing } from "../src/engine/devices/opened.ts";
import { findTensorflow } from "../src/engine/devices/tensorflow/backend.ts";
import type { NodeBackend } from "../src/engine/devices/tensorflow/binding.ts";
import { registerKernels } from "../src/engine/devices/tensorflow/registry.ts";
import { findAdapter } from "../src/engine/devices/webgpu/adapter.ts";
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

/**
 * Runs a block of tests on each device, which is opened once for the block; on `tensorflow` once more as it is with CUDA, where
 * there are no operations of ours and kernels are made of TensorFlow's.
 */
export function describeDevices(name: string, block: (device: DeviceName) => void): void {
  describe.each(devices)(`${name} on %s`, (device) => {
    beforeAll(async () => {
      await openDevice(device, { allowSoftware: true });
    });
    block(device);
  });
  if (!devices.includes("tensorflow") || !findTensorflow()?.native) return;
  describe(`${name} on tensorflow's own operations`, () => {
    const backend = () => tf.findBackend("tensorflow") as unknown as NodeBackend;
    beforeAll(async () => {
      await openDevice("tensorflow");
      registerKernels(backend(), false);
    });
    afterAll(() => registerKernels(backend(), !backend().isUsingGpuDevice));
    block("tensorflow");
  });
}
