import { afterEach, describe, expect, test, vi } from "vitest";
import { deviceNames } from "../../src/core/deviceNames.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";
import { isMissing } from "../../src/engine/devices/opened.ts";
import { findTensorflow } from "../../src/engine/devices/tensorflow/backend.ts";
import { type AdapterInfo, adapterName, findAdapter, isSoftware } from "../../src/engine/devices/webgpu/adapter.ts";
import { matMul } from "../../src/engine/ops/matMul.ts";
import { getBackend, sum, tensor, variable } from "../../src/engine/tensor.ts";
import { describeDevices, devices } from "../devices.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describeDevices("a device", (name) => {
  test("says what it is, and is the one that computes", async () => {
    const device = await openDevice(name, { allowSoftware: true });
    expect(device).toMatchObject({ name, reason: "it was asked for" });
    expect(device.description).not.toBe("");
    expect(getBackend()).toBe(name);
  });

  test("multiplies, and differentiates", async () => {
    const x = variable(tensor([1, 2, 3, 4], [2, 2]));
    const y = tensor([1, 0, 2, 1], [2, 2]);
    await expect(matMul(x, y)).toBeAllclose([5, 2, 11, 4]);
    const { gradients } = valueAndGradients(() => sum(matMul(x, y)), [x]);
    await expect(gradients[0]!).toBeAllclose([1, 3, 1, 3]);
  });
});

describe("auto", () => {
  test("takes the first that is there, and says why not those before it", async () => {
    const device = await openDevice("auto");
    expect(device.reason).toMatch(/^the fastest that is there/);
    for (const earlier of deviceNames.slice(0, deviceNames.indexOf(device.name)))
      expect(device.reason).toMatch(new RegExp(`not ${earlier} \\(.+\\)`));
    expect(device.reason).not.toContain(`not ${device.name}`);
  });

  test("never takes an emulated GPU for a GPU, whatever was allowed", async () => {
    vi.stubEnv("FLAMINGO_SOFTWARE_GPU", "1");
    expect((await openDevice("auto", { allowSoftware: true })).software).toBe(false);
  });
});

describe("asking for what is not there", () => {
  const unavailable = (message: RegExp) => ({
    code: "DEVICE_UNAVAILABLE",
    message: expect.stringMatching(message),
    details: expect.objectContaining({ fix: expect.any(String) }),
  });

  test("an unknown name lists the known ones", async () => {
    const request = openDevice("cuda" as DeviceName);
    await expect(request).rejects.toMatchObject(unavailable(/no device "cuda"/));
    await expect(request).rejects.toMatchObject({ details: { expected: ["auto", ...deviceNames] } });
  });

  test("threads that no machine has", async () => {
    for (const threads of [0, -1, 1.5, Number.NaN])
      await expect(openDevice("wasm", { threads })).rejects.toMatchObject({ code: "USAGE" });
  });

  test("webgpu without a GPU, unless an emulated one is asked for", async () => {
    vi.stubEnv("FLAMINGO_SOFTWARE_GPU", undefined);
    const real = await findAdapter(false);
    if (!isMissing(real)) return expect(isSoftware(real.info)).toBe(false);
    await expect(openDevice("webgpu")).rejects.toMatchObject(unavailable(/^the device webgpu is not there: ./));
    if (!devices.includes("webgpu")) return;
    vi.stubEnv("FLAMINGO_SOFTWARE_GPU", "1");
    expect(await openDevice("webgpu")).toMatchObject({ name: "webgpu", software: true });
  });

  test("a Vulkan driver that does not load is no GPU, and no crash", async () => {
    vi.stubEnv("VK_ICD_FILENAMES", "/nowhere/driver.json");
    vi.stubEnv("VK_DRIVER_FILES", "/nowhere/driver.json");
    vi.resetModules();
    const { findAdapter } = await import("../../src/engine/devices/webgpu/adapter.ts");
    if (process.platform === "linux") expect(await findAdapter(false)).toMatchObject({ missing: expect.any(String) });
  });

  test("tensorflow without its package", async () => {
    if (findTensorflow()) return expect(devices).toContain("tensorflow");
    await expect(openDevice("tensorflow")).rejects.toMatchObject(unavailable(/is not installed$/));
  });
});

describe("telling a GPU from its emulation", () => {
  const plain = { vendor: "", architecture: "", device: "", description: "", isFallbackAdapter: false };
  const adapters: [info: Partial<AdapterInfo>, software: boolean][] = [
    [{ vendor: "nvidia", architecture: "ampere", device: "nvidia-a100", description: "NVIDIA: 550.54.14" }, false],
    [{ vendor: "amd", architecture: "rdna-3", description: "radv, Mesa 24.1" }, false],
    [{ vendor: "apple", architecture: "metal-3", description: "Metal driver on macOS" }, false],
    [{ vendor: "intel", architecture: "xe-2hpg", device: "arc-b580" }, false],
    [{ vendor: "google", architecture: "swiftshader", description: "SwiftShader driver 5.0.0" }, true],
    [{ vendor: "mesa", description: "llvmpipe (LLVM 15.0.6, 256 bits)" }, true],
    [{ vendor: "microsoft", device: "microsoft-basic-render-driver" }, true],
    [{ vendor: "microsoft", architecture: "warp" }, true],
    [{ vendor: "unheard-of", isFallbackAdapter: true }, true],
  ];

  test.each(adapters)("%o: %s", (info, software) => {
    expect(isSoftware({ ...plain, ...info })).toBe(software);
  });

  test("every adapter has a name", () => {
    expect(adapterName({ ...plain, ...adapters[0]![0] })).toBe("nvidia-a100, NVIDIA: 550.54.14");
    expect(adapterName({ ...plain, vendor: "amd", architecture: "rdna-3" })).toBe("amd rdna-3");
    expect(adapterName(plain)).toBe("unnamed GPU");
  });
});
