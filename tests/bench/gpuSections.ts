import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isMissing } from "../../src/engine/devices/opened.ts";
import { setHalfProducts } from "../../src/engine/devices/webgpu/backend.ts";
import { openWebgpu } from "../../src/engine/devices/webgpu/open.ts";
import { scale } from "../../src/engine/ops/elementwise.ts";
import { matMul } from "../../src/engine/ops/matMul.ts";
import * as tf from "../../src/engine/tensor.ts";
import { numbers, tensorOf } from "../engine/numbers.ts";
import { findPytorch } from "../pytorch.ts";
import { check, checkBlocks, checkKernels, type Precision } from "./gpuChecks.ts";
import type { Measured, Pytorch, Rate, Step } from "./gpuResult.ts";
import { Peer } from "./peer.ts";
import { drawNumbers, makeToy, numbersIn, openTwin, type ToySizes } from "./toy.ts";
import { measure, type Timed, type Times, timeOf } from "./turns.ts";
import { countWork } from "./work.ts";

export interface Plan {
  width: number;
  batch: number;
  sizes: ToySizes;
  product: number;
  /** Whether a GPU emulated on the CPU will do, and PyTorch on the CPU beside it. */
  software: boolean;
}

type Tell = (part: Partial<Measured>) => void;

/** A part of the run, in a process of its own. */
export interface Section {
  /** Most seconds on a GPU; an emulated one has all the time. */
  seconds: number;
  run(plan: Plan, tell: Tell): Promise<void>;
}

/** Checks, then times. Most take far less: what they leave, the steps may need, which are the last. A first load of PyTorch may take half a minute. */
export const sections: Record<string, Section> = {
  device: { seconds: 60, run: describeDevice },
  kernels: { seconds: 50, run: (plan, tell) => checkIn("float32", plan, tell) },
  halfKernels: { seconds: 50, run: (plan, tell) => checkIn("float16", plan, tell) },
  blocks: { seconds: 80, run: checkAllBlocks },
  twin: { seconds: 40, run: compareTwins },
  products: { seconds: 90, run: measureProducts },
  step: { seconds: 170, run: (plan, tell) => timeStep("float32", plan, tell) },
  halfStep: { seconds: 150, run: (plan, tell) => timeStep("float16", plan, tell) },
};

/** Opens webgpu. Not by way of all devices: a bundle of this file runs where nothing but Dawn is installed. */
async function open({ software }: Plan): Promise<{ device: string; software: boolean }> {
  const device = await openWebgpu(software);
  if (isMissing(device)) throw new Error(`there is no GPU to measure: ${device.missing}; ${device.fix}`);
  return { device: device.description, software: device.software };
}

const openGpu = () => (tf.engine().backend as unknown as { device: GPUDevice }).device;

/** Makes products take their operands in this precision: whether on matrix units; undefined where the GPU has no such precision. */
function takePrecision(precision: Precision): boolean | undefined {
  const device = openGpu();
  if (precision === "float16" && !device.features.has("shader-f16")) return undefined;
  return setHalfProducts(precision === "float16");
}

async function describeDevice(plan: Plan, tell: Tell): Promise<void> {
  const { stdout } = spawnSync("nvidia-smi", ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]);
  tell({ card: stdout?.toString().trim() || null });
  const webgpu = dirname(createRequire(import.meta.url).resolve("webgpu"));
  const { version: dawn } = JSON.parse(readFileSync(join(webgpu, "package.json"), "utf8")) as { version: string };
  tell({ versions: { node: process.version, dawn } });

  tell(await open(plan));
  const device = openGpu();
  const names = Object.keys(Object.getPrototypeOf(device.limits) as object) as (keyof GPUSupportedLimits)[];
  const { subgroupMatrixConfigs = [] } = device.adapterInfo as { subgroupMatrixConfigs?: Iterable<UnitsOffered> };
  tell({
    features: [...device.features].sort(),
    limits: Object.fromEntries(names.map((name) => [name, device.limits[name] as number])),
    matrixUnits: [...subgroupMatrixConfigs].map(
      ({ M, N, K, componentType, resultComponentType }) => `${M}x${N}x${K} ${componentType} to ${resultComponentType}`,
    ),
  });

  (await openPeer(plan, tell))?.peer.close();
}

interface UnitsOffered {
  M: number;
  N: number;
  K: number;
  componentType: string;
  resultComponentType: string;
}

async function checkIn(precision: Precision, plan: Plan, tell: Tell): Promise<void> {
  await open(plan);
  if (takePrecision(precision) === undefined) return;
  await checkKernels(precision, (one) => tell({ checks: [one] }));
}

async function checkAllBlocks(plan: Plan, tell: Tell): Promise<void> {
  await open(plan);
  await checkBlocks((one) => tell({ checks: [one] }));
}

/** The same weights here and in PyTorch on the CPU: the same loss, before and after two steps of training. */
async function compareTwins(plan: Plan, tell: Tell): Promise<void> {
  const python = findPytorch();
  if (!python) return;
  const peer = new Peer(python, "toy_torch.py", 2);
  try {
    await open(plan);
    for (const [precision, tolerance] of [["float32", 1e-3] as const, ["float16", 1e-2] as const]) {
      if (takePrecision(precision) === undefined) continue;
      const compared = check(`${precision}: the model's loss, PyTorch's twin`, tolerance, () =>
        twinError(peer, precision),
      );
      tell({ checks: [await compared] });
    }
  } finally {
    peer.close();
  }
}

async function twinError(peer: Peer, precision: Precision): Promise<number> {
  const [width, batch] = [16, 2];
  const drawn = drawNumbers(width, batch, 3, 0.4);
  await openTwin(peer, width, batch, drawn);
  const toy = makeToy(width, batch, drawn, undefined, lossScale(precision));
  const first = await readLoss(toy.advance());
  const theirFirst = await peer.loss();
  await readLoss(toy.advance());
  await peer.time(2);
  const last = await readLoss(tf.tidy(() => toy.loss()));
  const theirLast = await peer.loss();
  toy.dispose();
  return Math.max(Math.abs(first / theirFirst - 1), Math.abs(last / theirLast - 1));
}

const lossScale = (precision: Precision) => (precision === "float16" ? 1024 : 1);

async function readLoss(loss: tf.Tensor): Promise<number> {
  const [value] = await loss.data();
  loss.dispose();
  return value!;
}

/** PyTorch on the card; or on the CPU, where this is a trial without a card. None where it does not start. */
async function openPeer({ software }: Plan, tell: Tell): Promise<{ peer: Peer; where: "cuda" | "cpu" } | undefined> {
  const python = findPytorch();
  if (!python) return undefined;
  const peer = new Peer(python, "toy_torch.py", 2);
  try {
    const pytorch = await peer.ask<Pytorch>({ about: true });
    tell({ pytorch });
    if (pytorch.card !== null) return { peer, where: "cuda" };
    if (software) return { peer, where: "cpu" };
  } catch (error) {
    console.error(`PyTorch does not answer: ${(error as Error).message}`);
  }
  peer.close();
  return undefined;
}

/** In turn with PyTorch; alone if PyTorch breaks off. */
async function measureBeside(ours: Timed, theirs: Timed | undefined): Promise<Times> {
  if (!theirs) return measure(ours);
  let broken = false;
  const careful = async () => {
    try {
      return await theirs();
    } catch (error) {
      broken = true;
      throw error;
    }
  };
  try {
    return await measure(ours, careful);
  } catch (error) {
    if (!broken) throw error;
    console.error(`measured alone: ${(error as Error).message}`);
    return measure(ours);
  }
}

const layouts = {
  plain: [false, false],
  "second transposed": [false, true],
  "first transposed": [true, false],
} as const;

async function measureProducts(plan: Plan, tell: Tell): Promise<void> {
  await open(plan);
  const beside = await openPeer(plan, tell);
  try {
    tell({ rates: [await copyRate(plan, beside)] });
    for (const precision of ["float32", "float16"] as const) {
      const matrixUnits = takePrecision(precision);
      if (matrixUnits === undefined) continue;
      // PyTorch has no products in half precision on a CPU.
      const peer = precision === "float32" || beside?.where === "cuda" ? beside : undefined;
      for (const layout of Object.keys(layouts) as (keyof typeof layouts)[])
        tell({ rates: [await productRate(plan, { precision, layout, matrixUnits }, peer)] });
    }
  } finally {
    beside?.peer.close();
  }
}

type Beside = Awaited<ReturnType<typeof openPeer>>;

/** Many are queued before one number of the last is read, on both sides: waiting then counts little. */
const queuedOn = ({ software }: Plan) => (software ? 2 : 10);

async function copyRate(plan: Plan, beside: Beside): Promise<Rate> {
  const [count, queued] = [plan.software ? 2 ** 18 : 2 ** 26, queuedOn(plan)];
  const x = tf.tidy(() => tf.ones([count]));
  const theirs = beside && (() => askMilliseconds(beside.peer, { copy: { count, queued } }));
  const times = await measureBeside(() => timeQueue(() => scale(x, 1), queued), theirs);
  x.dispose();
  const rateAt = (milliseconds: number) => (8 * count * queued * 1000) / milliseconds;
  return {
    what: "copy",
    precision: "float32",
    size: count,
    queued,
    ...ratesAt(times, rateAt),
    ...whereOf(times, beside),
  };
}

async function productRate(
  plan: Plan,
  { layout, ...kind }: { precision: Precision; layout: keyof typeof layouts; matrixUnits: boolean },
  beside: Beside,
): Promise<Rate> {
  const [size, queued] = [plan.product, queuedOn(plan)];
  const [transposeA, transposeB] = layouts[layout];
  const given = [numbers([size, size], 1), numbers([size, size], 2)] as const;
  const [a, b] = given.map(tensorOf) as [tf.Tensor, tf.Tensor];
  const work = () => matMul(a, b, { transposeA, transposeB });
  const asked = { product: { size, precision: kind.precision, queued, transposeA, transposeB } };
  const times = await measureBeside(
    () => timeQueue(work, queued),
    beside && (() => askMilliseconds(beside.peer, asked)),
  );
  const result = work();
  const error = rowError(
    (await result.data()) as Float32Array,
    given[0].values,
    given[1].values,
    size,
    layouts[layout],
  );
  tf.dispose([a, b, result]);
  const rateAt = (milliseconds: number) => (2 * size ** 3 * queued * 1000) / milliseconds;
  return {
    what: "product",
    layout,
    size,
    queued,
    ...kind,
    error,
    ...ratesAt(times, rateAt),
    ...whereOf(times, beside),
  };
}

const ratesAt = (times: Times, rateAt: (milliseconds: number) => number) => ({
  ...times,
  rate: rateAt(times.milliseconds),
  ...(times.peerMilliseconds !== undefined && { peerRate: rateAt(times.peerMilliseconds) }),
});

const whereOf = (times: Times, beside: Beside) =>
  beside && times.peerMilliseconds !== undefined ? { peer: beside.where } : {};

async function askMilliseconds(peer: Peer, request: object): Promise<number> {
  return (await peer.ask<{ milliseconds: [number] }>(request)).milliseconds[0];
}

function timeQueue(work: () => tf.Tensor, count: number): Promise<number> {
  return timeOf(async () => {
    let last = work();
    for (let i = 1; i < count; i++) {
      last.dispose();
      last = work();
    }
    const number = last.reshape([-1]).slice([0], [1]);
    await number.data();
    tf.dispose([last, number]);
  });
}

/** Rows of a product, at both ends and between, against sums in double precision: the largest error as a part of the largest number. */
function rowError(
  c: Float32Array,
  a: Float32Array,
  b: Float32Array,
  n: number,
  [transposeA, transposeB]: readonly [boolean, boolean],
): number {
  const [stepA, stepB] = [transposeA ? n : 1, transposeB ? 1 : n];
  let [worst, largest] = [0, 0];
  for (const row of [0, Math.floor(n / 3), n - 1])
    for (let column = 0; column < n; column++) {
      const [startA, startB] = [row * (transposeA ? 1 : n), column * (transposeB ? n : 1)];
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[startA + k * stepA]! * b[startB + k * stepB]!;
      worst = Math.max(worst, Math.abs(sum - c[row * n + column]!));
      largest = Math.max(largest, Math.abs(sum));
    }
  return worst / largest;
}

async function timeStep(precision: Precision, plan: Plan, tell: Tell): Promise<void> {
  await open(plan);
  const matrixUnits = takePrecision(precision);
  if (matrixUnits === undefined) return;
  const { width, batch, sizes } = plan;
  const path = join(tmpdir(), "numbers");
  const opening = openPeer(plan, tell); // meanwhile
  const toy = makeToy(width, batch, numbersIn(path, width, batch, sizes), sizes, lossScale(precision));
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) losses.push(await readLoss(toy.advance()));

  const beside = await opening;
  const twin = beside && (precision === "float32" || beside.where === "cuda") ? beside : undefined;
  try {
    const peerLosses = twin && (await openStep(twin, path, precision, plan));
    const ours = () => timeOf(async () => readLoss(toy.advance()));
    const times = await measureBeside(ours, peerLosses && twin && (async () => (await twin.peer.time(1))[0]!));
    const { flop, bytes } = await countWork(async () => readLoss(toy.advance()));
    const perSecond = (amount: number) => (1000 * amount) / times.milliseconds;
    const step: Step = {
      ...{ precision, matrixUnits, width, batch, sizes, parameters: toy.parameters, ...times, ...whereOf(times, twin) },
      ...{ tokensPerSecond: perSecond(batch * sizes.length), flops: perSecond(flop), bandwidth: perSecond(bytes) },
      ...{ losses, ...(peerLosses && { peerLosses }) },
    };
    tell({ steps: [step] });
  } finally {
    beside?.peer.close();
  }
}

/** The twin on the same numbers: its losses before the first steps; undefined if it breaks off. */
async function openStep(
  { peer, where }: { peer: Peer; where: "cuda" | "cpu" },
  path: string,
  precision: Precision,
  { width, batch, sizes }: Plan,
): Promise<number[] | undefined> {
  try {
    await openTwin(peer, width, batch, path, { sizes, device: where, precision });
    return (await peer.ask<{ losses: number[] }>({ time: 3 })).losses;
  } catch (error) {
    console.error(`PyTorch does not train: ${(error as Error).message}`);
    return undefined;
  }
}
