import { parseArgs } from "node:util";
import { isMissing } from "../../src/engine/availability.ts";
import { matMul } from "../../src/engine/matMul.ts";
import * as tf from "../../src/engine/tensor.ts";
import { setHalfProducts } from "../../src/engine/webgpu/backend.ts";
import { openWebgpu } from "../../src/engine/webgpu.ts";
import { numbers, tensorOf } from "../engine/numbers.ts";
import { findPytorch } from "../pytorch.ts";
import { type Check, checkKernels } from "./gpuChecks.ts";
import { Peer } from "./peer.ts";
import { drawNumbers, makeToy, openTwin, type ToySizes } from "./toy.ts";
import { measure, type Times } from "./turns.ts";

type Precision = "float32" | "float16";

/** Operations a second of a square product, and PyTorch's on the same machine. */
interface ProductRate {
  precision: Precision;
  size: number;
  matrixUnits: boolean;
  rate: number;
  peerRate?: number;
  /** Ours over the peer's: above 1 we are faster. */
  ratio?: number;
}

interface StepTime extends Times {
  precision: Precision;
  width: number;
  batch: number;
  sizes: ToySizes;
  parameters: number;
  tokensPerSecond: number;
}

interface Measured {
  /** The card and its driver, as WebGPU names them, and as PyTorch does where it has one. */
  device: string;
  card: string | null;
  software: boolean;
  versions: { node: string; torch: string | null };
  checks: Check[];
  /** Loss of a small twin with the same weights, and after two steps: the larger relative difference. */
  twin?: number;
  products: ProductRate[];
  steps: StepTime[];
}

const usage = `npm run -s bench -- gpu [--json] [--software] [--width N] [--layers N] [--batch N] [--length N] [--product N]

Checks webgpu's kernels against the plain formulas, then measures the rate of a matrix product and the time of a training
step of a Flamingo (width 1024, 24 layers with a gated layer before each, batch 8, 256 tokens, all of it trained), in single and in
half precision where the GPU has it; and PyTorch beside it, in turn, where a python3 has torch with CUDA. --software allows a GPU emulated
on the CPU, for trying out this command with small sizes: its times mean nothing.`;

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      software: { type: "boolean", default: false },
      width: { type: "string", default: "1024" },
      layers: { type: "string", default: "24" },
      batch: { type: "string", default: "8" },
      length: { type: "string", default: "256" },
      product: { type: "string", default: "4096" },
    },
  });
  if (values.help) return console.log(usage);
  const [width, layers, batch, length, product] = [
    values.width,
    values.layers,
    values.batch,
    values.length,
    values.product,
  ].map(Number) as [number, number, number, number, number];
  const scale = width / 1024;
  const sizes: ToySizes = {
    ...{ length, layers, heads: Math.max(1, width / 64), vocabulary: Math.round(32_768 * scale) },
    ...{
      features: Math.round(256 * scale),
      latents: Math.max(1, Math.round(64 * scale)),
      resamplerLayers: Math.min(6, layers),
    },
  };
  const measured = await measureAll({ width, batch, sizes, product, software: values.software });
  console.log(values.json ? JSON.stringify(measured, undefined, 2) : describe(measured));
  // Dawn's threads would keep the process.
  process.exit(measured.checks.every(({ ok }) => ok) && (measured.twin ?? 0) < 1e-3 ? 0 : 1);
}

interface Plan {
  width: number;
  batch: number;
  sizes: ToySizes;
  product: number;
  software: boolean;
}

async function measureAll({ width, batch, sizes, product, software }: Plan): Promise<Measured> {
  // Not by way of all devices: a bundle of this file runs where nothing but Dawn is installed.
  const device = await openWebgpu(software);
  if (isMissing(device)) {
    console.error(`there is no GPU to measure: ${device.missing}; ${device.fix}`);
    process.exit(1);
  }
  const python = findPytorch();
  const peer = python ? new Peer(python, "toy_torch.py", 2) : undefined;
  try {
    const checks = await checkKernels();
    const twin = peer && (await compareTwin(peer));
    const products: ProductRate[] = [];
    const steps: StepTime[] = [];
    let card: string | null = null;
    for (const precision of ["float32", "float16"] as const) {
      const matrixUnits = precision === "float16" && tryHalf();
      if (matrixUnits === undefined) continue;
      const rate = await rateOf(product);
      products.push({ precision, size: product, matrixUnits, rate });
      // PyTorch has no half precision to speak of on a CPU, and its rates there say nothing of a GPU's.
      const theirs =
        precision === "float32" &&
        (await peer?.ask<{ card: string | null; rate: number }>({ product: { size: product, precision } }));
      if (theirs) card = theirs.card;
      if (card !== null) {
        const { rate: peerRate } =
          theirs || (await peer!.ask<{ rate: number }>({ product: { size: product, precision } }));
        Object.assign(products.at(-1)!, { peerRate, ratio: rate / peerRate });
      }
      steps.push(await timeStep({ width, batch, sizes }, precision, card === null ? undefined : peer));
    }
    const torch = twin?.torch ?? null;
    return {
      ...{ device: device.description, card, software: device.software, versions: { node: process.version, torch } },
      ...{ checks, ...(twin && { twin: twin.difference }), products, steps },
    };
  } finally {
    setHalfProducts(false);
    peer?.close();
  }
}

/** Products in half precision from here on: whether on matrix units; undefined where the GPU has none. */
function tryHalf(): boolean | undefined {
  try {
    return setHalfProducts(true);
  } catch {
    return undefined;
  }
}

/** The same weights here and there: the same loss, before and after two steps of training. */
async function compareTwin(peer: Peer): Promise<{ torch: string; difference: number }> {
  const [width, batch] = [16, 2];
  const drawn = drawNumbers(width, batch, 3, 0.4);
  const torch = await openTwin(peer, width, batch, drawn);
  const toy = makeToy(width, batch, drawn);
  const first = await toLoss(toy.advance());
  const theirFirst = await peer.loss();
  await toLoss(toy.advance());
  await peer.time(2);
  const last = await toLoss(tf.tidy(() => toy.loss()));
  const theirLast = await peer.loss();
  toy.dispose();
  return { torch, difference: Math.max(Math.abs(first / theirFirst - 1), Math.abs(last / theirLast - 1)) };
}

async function toLoss(loss: tf.Tensor): Promise<number> {
  const [value] = await loss.data();
  loss.dispose();
  return value!;
}

/** The best of some times: products queue up, so that waiting for the last one counts little. */
async function rateOf(size: number): Promise<number> {
  const [a, b] = [tensorOf(numbers([size, size], 1)), tensorOf(numbers([size, size], 2))];
  const queued = size >= 1024 ? 10 : 1;
  let best = 0;
  for (let time = 0; time < 6; time++) {
    const start = performance.now();
    let last: tf.Tensor | undefined;
    for (let i = 0; i < queued; i++) {
      last?.dispose();
      last = matMul(a, b);
    }
    const corner = tf.slice(last!, [0, 0], [1, 1]);
    await corner.data();
    best = Math.max(best, (2 * size ** 3 * queued * 1000) / (performance.now() - start));
    tf.dispose([last!, corner]);
  }
  tf.dispose([a, b]);
  return best;
}

async function timeStep(
  { width, batch, sizes }: Omit<Plan, "product" | "software">,
  precision: Precision,
  peer?: Peer,
): Promise<StepTime> {
  const drawn = drawNumbers(width, batch, width, 0.1, sizes);
  const toy = makeToy(width, batch, drawn, sizes, precision === "float16" ? 1024 : 1);
  if (peer) await openTwin(peer, width, batch, drawn, { sizes, device: "cuda", precision });
  const ours = async () => {
    const start = performance.now();
    await toLoss(toy.advance());
    return performance.now() - start;
  };
  const times = await measure(ours, peer && (async () => (await peer.time(1))[0]!));
  const { parameters } = toy;
  toy.dispose();
  const tokensPerSecond = (batch * sizes.length * 1000) / times.milliseconds;
  return { precision, width, batch, sizes, parameters, tokensPerSecond, ...times };
}

const tera = (rate: number) => `${(rate / 1e12).toPrecision(3)} TFLOP/s`;

/** The same for people. */
function describe({ device, card, software, versions, checks, twin, products, steps }: Measured): string {
  const wrong = checks.filter(({ ok }) => !ok);
  const worst = Math.max(...checks.map(({ error }) => error));
  return [
    `${device}${software ? ": its times mean nothing" : ""}`,
    `Node ${versions.node}, ${versions.torch ? `PyTorch ${versions.torch} on ${card ?? "the CPU: nothing to compare with"}` : "no PyTorch here"}`,
    `${checks.length - wrong.length} of ${checks.length} kernels agree with their formulas, largest error ${worst.toExponential(1)}`,
    ...wrong.map(({ what, error }) => `  ${what} does not: ${error.toExponential(1)}`),
    ...(twin === undefined ? [] : [`the twin in PyTorch computes the same loss to ${twin.toExponential(1)}`]),
    ...products.map(
      ({ precision, size, matrixUnits, rate, peerRate, ratio }) =>
        `${precision} product ${size}: ${tera(rate)}${matrixUnits ? " on matrix units" : ""}${peerRate ? `, PyTorch ${tera(peerRate)}, ratio ${ratio!.toFixed(2)}` : ""}`,
    ),
    ...steps.map(
      ({ precision, width, batch, sizes, parameters, milliseconds, tokensPerSecond, peerMilliseconds, ratio }) =>
        `${precision} step, width ${width}, ${sizes.layers} layers, batch ${batch}, ${sizes.length} tokens, ${(parameters / 1e6).toFixed(1)} M parameters: ` +
        `${milliseconds.toFixed(1)} ms, ${tokensPerSecond.toFixed(0)} tokens/s${peerMilliseconds ? `, PyTorch ${peerMilliseconds.toFixed(1)} ms, ratio ${ratio!.toFixed(2)}` : ""}`,
    ),
  ].join("\n");
}
