import { expect, test } from "vitest";
import { describeDevices } from "../devices.ts";
import { countLeak } from "./leak.ts";

/** The benchmark `leak` takes 10,000; an emulated GPU and plain JavaScript take their time. */
const steps = { wasm: 300, tensorflow: 100, cpu: 20, webgpu: 20 };

describeDevices("training", (device) => {
  test("leaves no tensor behind, whatever the number of steps", async () => {
    expect(await countLeak(device, steps[device])).toMatchObject({ tensors: 0, bytes: 0 });
  });
});
