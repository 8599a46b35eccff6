import * as tf from "@tensorflow/tfjs";
import { describe, onTestFinished, test, vi } from "vitest";
import { openDevice } from "../../src/engine/device.ts";
import { gelu } from "../../src/engine/gelu.ts";
import { layerNorm } from "../../src/engine/layerNorm.ts";
import { quickGelu } from "../../src/engine/quickGelu.ts";
import type { NodeBackend } from "../../src/engine/tensorflow/binding.ts";
import { registerKernels } from "../../src/engine/tensorflow/registry.ts";
import { devices } from "../devices.ts";
import { agrees } from "./agreement.ts";
import { numbers } from "./numbers.ts";

describe.runIf(devices.includes("tensorflow"))("where TensorFlow's addon lacks our operations, as with CUDA", () => {
  test("kernels made of its own agree with the plain formulas as well", async () => {
    await openDevice("tensorflow");
    const warn = vi.spyOn(console, "warn").mockReturnValue(); // TensorFlow.js tells of each kernel that is replaced
    onTestFinished(() => warn.mockRestore());
    registerKernels(tf.backend() as unknown as NodeBackend, false);
    const inputs = { x: numbers([3, 5, 26], 1, 3), weight: numbers([26], 2), bias: numbers([26], 3) };
    await agrees("tensorflow", { inputs, run: ({ x, weight, bias }) => layerNorm(x!, weight, bias, 1e-2) });
    await agrees("tensorflow", { inputs: { x: inputs.x }, run: ({ x }) => gelu(x!) });
    await agrees("tensorflow", { inputs: { x: inputs.x }, run: ({ x }) => quickGelu(x!) });
  });
});
