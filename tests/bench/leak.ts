import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";
import { memoryUse } from "../../src/engine/memory.ts";
import { readValues } from "./readValues.ts";
import { drawNumbers, makeToy } from "./toy.ts";

/** What the steps left behind. */
export interface Leak {
  device: DeviceName;
  steps: number;
  /** Tensors that are alive more than before. */
  tensors: number;
  bytes: number;
  milliseconds: number;
}

const usage = `npm run -s bench -- leak [--json] [--device NAME] [--steps N]

Takes 10,000 training steps of a tiny Flamingo and counts the tensors before and after; fails if there are more.`;

export async function main(args: string[]): Promise<void> {
  const values = readValues(args, usage, {
    device: { type: "string", default: "wasm" },
    steps: { type: "string", default: "10000" },
  });
  if (!values) return;
  await openDevice(values.device as DeviceName, { allowSoftware: true });
  const leak = await countLeak(values.device as DeviceName, Number(values.steps));
  const { device, steps, tensors, bytes, milliseconds } = leak;
  const text = `${device}: ${tensors} tensors and ${bytes} bytes more after ${steps} steps of ${(milliseconds / steps).toFixed(1)} ms`;
  console.log(values.json ? JSON.stringify(leak, undefined, 2) : text);
  if (tensors !== 0 || bytes !== 0) process.exitCode = 1;
}

/** Takes steps on the device that is open. The first one makes what is kept for all, and does not count. */
export async function countLeak(device: DeviceName, steps: number): Promise<Leak> {
  const sizes = { length: 6, layers: 1, heads: 2, vocabulary: 11, features: 3, latents: 2, resamplerLayers: 1 };
  const toy = makeToy(8, 2, drawNumbers(8, 2, 1, 0.1, sizes), sizes);
  const step = async () => {
    const loss = toy.advance();
    await loss.data();
    loss.dispose();
  };
  await step();
  const before = memoryUse();
  const start = performance.now();
  for (let i = 0; i < steps; i++) await step();
  const after = memoryUse();
  toy.dispose();
  return {
    device,
    steps,
    tensors: after.tensors - before.tensors,
    bytes: after.bytes - before.bytes,
    milliseconds: performance.now() - start,
  };
}
