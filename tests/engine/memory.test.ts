import { expect, test } from "vitest";
import { countTensors, memoryUse, resetPeak } from "../../src/engine/memory.ts";
import { dispose, tensor, tidy } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";

const kilobyte = () => tensor(new Float32Array(256));

describeDevices("memory", () => {
  test("counts what is alive, and its bytes", () => {
    const before = memoryUse();
    const kept = kilobyte();
    tidy(() => kilobyte().size);
    expect(countTensors() - before.tensors).toBe(1);
    expect(memoryUse().bytes - before.bytes).toBe(1024);
    dispose(kept);
    expect(memoryUse().tensors).toBe(before.tensors);
    expect(memoryUse().bytes).toBe(before.bytes);
  });

  test("remembers the most that was held at once, until it is reset", () => {
    resetPeak();
    const { bytes } = memoryUse();
    for (let i = 0; i < 3; i++)
      tidy(() => {
        kilobyte();
        kilobyte();
      });
    tidy(() => kilobyte().size);
    expect(memoryUse().peakBytes - bytes).toBe(2048);
    expect(memoryUse().bytes).toBe(bytes);
    resetPeak();
    expect(memoryUse().peakBytes).toBe(bytes);
  });
});
