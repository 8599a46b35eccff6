import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { capabilities } from "../../src/engine/devices/capabilities.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { agree, setHalfProducts } from "../../src/engine/devices/webgpu/backend.ts";
import { WebgpuDevice } from "../../src/engine/devices/webgpu/device.ts";
import { tiled, tiles } from "../../src/engine/devices/webgpu/matMul.ts";
import { findMatrixUnits, unitProduct } from "../../src/engine/devices/webgpu/matrixUnits.ts";
import { registerKernels } from "../../src/engine/devices/webgpu/registry.ts";
import { runKernel } from "../../src/engine/kernels.ts";
import { adamW } from "../../src/engine/ops/adamW.ts";
import { attention } from "../../src/engine/ops/attention.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { scale } from "../../src/engine/ops/elementwise.ts";
import { embedding } from "../../src/engine/ops/embedding.ts";
import { matMul } from "../../src/engine/ops/matMul.ts";
import { layerNorm } from "../../src/engine/ops/norms.ts";
import { readScalars } from "../../src/engine/read.ts";
import * as tf from "../../src/engine/tensor.ts";
import { devices } from "../devices.ts";
import { computed, numbers, tensorOf } from "./numbers.ts";

const units = { m: 16, n: 16, k: 16, lanes: 32 };

describe.runIf(devices.includes("webgpu"))("webgpu's own kernels", () => {
  beforeAll(async () => {
    await openDevice("webgpu", { allowSoftware: true });
  });

  const backend = () => tf.engine().backend as unknown as ConstructorParameters<typeof WebgpuDevice>[0];

  test.each(tiles)("a product by tiles of %d: edges inside a tile, and several tiles", async (tile) => {
    for (const [m, n, k] of [
      [3, 5, 2],
      [tile + 1, tile + 3, 17],
      [2 * tile, tile, 20],
    ] as const)
      for (const transposeA of [false, true])
        for (const transposeB of [false, true]) {
          const a = tensorOf(numbers(transposeA ? [2, k, m] : [2, m, k], 1));
          const b = tensorOf(numbers(transposeB ? [2, n, k] : [2, k, n], 2));
          const sizes = { batch: 2, m, n, k, transposeA, transposeB, shape: [2, m, n] };
          const plain = tf.engine().runKernel("BatchMatMul", { a, b }, { transposeA, transposeB }) as tf.Tensor;
          const product = runKernel("MatMul", { a, b }, { ...sizes, tile }) as tf.Tensor;
          await expect(product).toBeAllclose(plain, { absolute: 1e-4, relative: 1e-4 });
          tf.dispose([a, b, plain, product]);
        }
  });

  test("a large product takes large tiles, and agrees", async () => {
    const [a, b] = [tensorOf(numbers([2049, 4], 1)), tensorOf(numbers([4, 2052], 2))];
    const plain = tf.engine().runKernel("BatchMatMul", { a: a.expandDims(), b: b.expandDims() }, {}) as tf.Tensor;
    await expect(tf.max(tf.sub(plain, matMul(a, b)))).toBeAllclose(0, { absolute: 1e-4 });
  });

  test("ids that were computed on the GPU are checked too, before any number is told", async () => {
    const [table, logits] = [tensorOf(numbers([3, 4], 1)), tensorOf(numbers([2, 3], 1))];
    const sum = tf.sum(embedding(table, computed([0, 3])));
    await expect(readScalars([sum])).rejects.toMatchObject({ code: "INVALID_DATA", message: /id 3 .* 3 rows/ });
    const { loss } = crossEntropy(logits, computed([0, -1]));
    await expect(readScalars([loss])).rejects.toMatchObject({ code: "INVALID_DATA", message: /target -1 / });
    await expect(readScalars([tf.sum(embedding(table, computed([0, 2])))])).resolves.toHaveLength(1);
  });

  test("ids and targets out of range read nothing of others: NaN, and no gradient beside", async () => {
    const table = tf.variable(tensorOf(numbers([3, 4], 1)));
    const ids = () => computed([0, 3, -1, 2 ** 30, 2]);
    const { value, gradients } = valueAndGradients(() => tf.sum(embedding(table, ids())), [table]);
    await expect(gradients[0]!).toBeAllclose([1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(Number.isNaN((await value.data())[0])).toBe(true);
    const rows = Array.from(await embedding(table, ids()).data());
    expect(rows.map(Number.isNaN)).toEqual([0, 1, 1, 1, 0].flatMap((wrong) => new Array(4).fill(wrong === 1)));

    const logits = tf.variable(tensorOf(numbers([2, 3], 1)));
    for (const wrong of [3, -1, 2 ** 30]) {
      const loss = () => crossEntropy(logits, computed([0, wrong])).loss;
      expect(Number.isNaN((await loss().data())[0])).toBe(true);
      const found = await valueAndGradients(loss, [logits]).gradients[0]!.data();
      expect(Array.from(found.slice(0, 3)).every(Number.isFinite)).toBe(true);
    }
    await expect(readScalars([value])).rejects.toMatchObject({ code: "INVALID_DATA" });
  });

  test("what was read before a change in place is read anew after it", async () => {
    // Each of them with one name only, or they would be copied before the change.
    const [value, m, v] = [1, 0, 0].map((start) => tf.tidy(() => tf.variable(tf.fill([4], start))));
    await value!.data();
    const step = () =>
      adamW([{ value: value!, gradient: tf.ones([4]), m: m!, v: v!, rate: 0.1, decay: 0 }], {
        ...{ step: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      });
    step();
    await expect(value!).toBeAllclose(new Array(4).fill(0.9), { relative: 1e-4 });
  });

  test("a tensor larger than the GPU can bind is refused, with both sizes", () => {
    const most = backend().device.limits.maxStorageBufferBindingSize;
    const width = 2 ** 20;
    const x = tf.ones([1, width]);
    const rows = Math.floor(most / 4 / width) + 1;
    expect(() => tf.tile(x, [rows, 1])).toThrow(new RegExp(`\\[${rows},${width}\\].*at most ${most}`));
  });

  test("half precision is refused where the GPU has none, and works where it has", async () => {
    const [a, b] = [tensorOf(numbers([33, 20], 1)), tensorOf(numbers([20, 18], 2))];
    const single = matMul(a, b);
    if (!backend().device.features.has("shader-f16")) {
      expect(() => setHalfProducts(true)).toThrow(/does not offer half precision/);
      expect(capabilities().startHalfProducts).toBeUndefined();
      return;
    }
    setHalfProducts(true);
    const half = await matMul(a, b).data();
    expect(half).toBeAllclose(await single.data(), { absolute: 2e-2 });
    setHalfProducts(false);
    const end = capabilities().startHalfProducts!();
    expect(await matMul(a, b).data()).toEqual(half);
    end();
    expect(await matMul(a, b).data()).toEqual(await single.data());
  });

  test("a step of training takes the buffers and bind groups of the one before", async () => {
    const weight = tf.tidy(() => tf.variable(tensorOf(numbers([6, 6], 1))));
    const x = tensorOf(numbers([5, 6], 2));
    const step = async () => {
      const loss = () => tf.sum(layerNorm(matMul(layerNorm(matMul(matMul(x, weight), weight)), weight)));
      const { value, gradients } = valueAndGradients(loss, [weight]);
      await gradients[0]!.data();
      tf.dispose([value, ...(gradients as tf.Tensor[])]);
    };
    for (let i = 0; i < 3; i++) await step();
    const { bufferManager, device } = backend();
    const allocated = bufferManager.numBytesAllocated;
    const made = vi.spyOn(device, "createBindGroup");
    await step();
    const first = made.mock.calls.length;
    made.mockClear();
    for (let i = 0; i < 3; i++) await step();
    // TensorFlow.js' own kernels, of the sum and its gradient, make groups each time.
    expect(made.mock.calls.length).toBe(3 * first);
    expect(first).toBeLessThan(6);
    made.mockRestore();
    expect(bufferManager.numBytesAllocated).toBe(allocated);
    tf.dispose([weight, x]);
  });

  test("what is disposed makes room for the next command, before anything is submitted", async () => {
    const { bufferManager } = backend();
    let x = tensorOf(numbers([1000], 1));
    const expected = Array.from(await x.data());
    const advance = () => {
      const before = x;
      x = scale(before, -1);
      before.dispose();
    };
    for (let i = 0; i < 4; i++) advance();
    const allocated = bufferManager.numBytesAllocated;
    for (let i = 0; i < 40; i++) advance();
    expect(bufferManager.numBytesAllocated).toBe(allocated);
    expect(Array.from(await x.data())).toEqual(expected);
    x.dispose();
  });

  test("no shader writes a part of a vector that threads share: that may touch the whole of it", async () => {
    const made = vi.spyOn(backend().device, "createShaderModule");
    registerKernels(new WebgpuDevice(backend()), backend().device.limits); // which has compiled nothing yet
    const [query, key, value] = [1, 2, 3].map((seed) => {
      const x = tensorOf(numbers([1, 3, 4], seed));
      return tf.tidy(() => tf.variable(x));
    });
    const loss = () => tf.sum(layerNorm(attention(query!, key!, matMul(value!, tf.ones([4, 4])), { heads: 1 })));
    const { gradients } = valueAndGradients(loss, [query!, key!, value!]);
    await gradients[0]!.data();
    const codes = made.mock.calls.map(([{ code }]) => code);
    made.mockRestore();
    const shared = codes.flatMap((code) =>
      [...code.matchAll(/var<workgroup> (\w+): ((?:array<)*)vec/g)].map(([, name, arrays]) => {
        const indices = "\\[[^\\]]*\\]".repeat(arrays!.length / "array<".length);
        return { name, part: new RegExp(`\\b${name}${indices}(\\[[^\\]]*\\]|\\.\\w+) [-+*/]?= `).exec(code)?.[0] };
      }),
    );
    expect(shared.length).toBeGreaterThan(10);
    expect(shared.filter(({ part }) => part !== undefined)).toEqual([]);
  });

  test("matrix units that do not compute are found out, and nothing breaks", async () => {
    expect(findMatrixUnits({}, new Set())).toBeUndefined();
    if (backend().device.features.has("chromium-experimental-subgroup-matrix")) return;
    expect(await agree(units, new WebgpuDevice(backend()), backend())).toBe(false);
    await expect(matMul(tf.ones([2, 3]), tf.ones([3, 2]))).toBeAllclose([3, 3, 3, 3]);
  });

  test("a shader that the GPU refuses is an error when numbers are read, not a wrong number", async () => {
    const device = new WebgpuDevice(backend());
    const y = device.output([4]);
    const shader = { code: "this is no shader", numberTypes: [], buffers: 1 };
    device.perform({ shader, writes: [y], groups: [1] });
    await expect(backend().read(y.dataId)).rejects.toThrow(/refused a command/);
  });
});

/** Run by a process of its own, since a second Dawn beside the first may block both: prints what its compiler says of each shader. */
const compile = `
const { create } = await import("webgpu");
const gpu = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
const adapter = await gpu.requestAdapter();
const requiredFeatures = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"];
const device = await adapter.requestDevice({ requiredFeatures });
const said = [];
for (const code of JSON.parse(await new Response(process.stdin).text())) {
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  await device.popErrorScope();
  said.push(...messages.map(({ message }) => message));
}
process.stdout.write(JSON.stringify(said), () => process.exit(gpu ? 0 : 1));`;

test("the code for GPUs that are not at hand, half precision and matrix units, is valid by Dawn's compiler", () => {
  const sides = [false, true].flatMap((a) =>
    [false, true].flatMap((b) => [false, true].map((wide) => [a, b, wide] as const)),
  );
  const shaders = sides.flatMap((kind) => [
    unitProduct(units, ...kind),
    ...tiles.flatMap((tile) => ([0, 8, 4] as const).map((bits) => tiled(tile, ...kind, true, bits))),
  ]);
  const input = JSON.stringify(shaders.map(({ code }) => code));
  const options = { input, encoding: "utf8", timeout: 60_000 } as const;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", compile], options);
  expect(stdout, stderr).toBe("[]");
});

/** Run by a process of its own, which loses its GPU: prints what reads say, one under way and one that begins after it. */
const lose = `
const { openDevice } = await import("./src/engine/devices/device.ts");
const tf = await import("./src/engine/tensor.ts");
await openDevice("webgpu", { allowSoftware: true });
const x = tf.tidy(() => tf.ones([2000]).add(tf.ones([2000])));
const told = (reading) => reading.then(() => "read", ({ code, message }) => code + ": " + message);
const underWay = told(x.data());
tf.engine().backend.device.destroy();
process.stdout.write(JSON.stringify([await underWay, await told(x.add(1).data())]), () => process.exit(0));`;

test.runIf(devices.includes("webgpu"))("a GPU that is lost is told as that, whatever was being read", () => {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const options = { cwd, encoding: "utf8", timeout: 60_000 } as const;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", lose],
    options,
  );
  const lost = "DEVICE_UNAVAILABLE: the GPU is lost: device was destroyed";
  expect(JSON.parse(stdout || "[]"), stderr).toEqual([lost, lost]);
});
