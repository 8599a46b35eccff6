import type { Check, Precision } from "./gpuChecks.ts";
import type { ToySizes } from "./toy.ts";
import type { Times } from "./turns.ts";

/** A time of ours on webgpu, and PyTorch's beside it where it could be had: medians of turns, ours over theirs. */
interface Compared extends Times {
  /** Where PyTorch ran: on the card, or on the CPU where a trial without a card lets it stand in. */
  peer?: "cuda" | "cpu";
}

/** Products or copies that were queued together and waited for once. */
export interface Rate extends Compared {
  what: "product" | "copy";
  precision: Precision;
  /** Which operands are transposed in memory. */
  layout?: string;
  /** Side of the square matrices; numbers that are copied. */
  size: number;
  queued: number;
  matrixUnits?: boolean;
  /** Operations a second, or bytes read and written. */
  rate: number;
  peerRate?: number;
  /** Of the highest rate in this run, ours or PyTorch's, in this precision. */
  ofPeak?: number;
  /** Some rows of the result against sums in double precision. */
  error?: number;
}

/** A training step: forward, backward, Adam, the loss read. */
export interface Step extends Compared {
  precision: Precision;
  matrixUnits: boolean;
  width: number;
  batch: number;
  sizes: ToySizes;
  parameters: number;
  tokensPerSecond: number;
  /** Operations a second of matrix products and attention. */
  flops: number;
  ofPeak?: number;
  /** Bytes a second that all operations read and write, once each. */
  bandwidth: number;
  ofCopy?: number;
  /** Before each of the first steps, from the same weights. */
  losses: number[];
  peerLosses?: number[];
}

export interface Pytorch {
  torch: string;
  /** The CUDA and cuDNN that it is built with; null where it computes on the CPU only. */
  cuda: string | null;
  cudnn: number | null;
  card: string | null;
}

export interface Measured {
  date: string;
  /** The card as WebGPU names it, its driver last. */
  device: string;
  software: boolean;
  /** What the driver says: name, driver, memory. */
  card: string | null;
  versions: { node: string; dawn: string | null };
  /** Undefined where there is none, or it did not start. */
  pytorch?: Pytorch;
  /** What WebGPU offers on this card. */
  features: string[];
  limits: Record<string, number>;
  matrixUnits: string[];
  checks: Check[];
  rates: Rate[];
  steps: Step[];
  /** Sections that ended before their end, and why. What they had measured until then is above. */
  failures: { section: string; message: string }[];
  /** Seconds that each section took. */
  seconds: Record<string, number>;
}

export const nothingMeasured = (): Measured => ({
  ...{ date: new Date().toISOString(), device: "none was opened", software: false, card: null },
  versions: { node: process.version, dawn: null },
  ...{ features: [], limits: {}, matrixUnits: [], checks: [], rates: [], steps: [], failures: [], seconds: {} },
});

/** What a section adds: lists are appended, the rest stands in place of what was. */
export function addTo(measured: Measured, part: Partial<Measured>): void {
  for (const [key, value] of Object.entries(part)) {
    const known = (measured as unknown as Record<string, unknown>)[key];
    Object.assign(measured, { [key]: Array.isArray(known) ? [...known, ...(value as unknown[])] : value });
  }
  addShares(measured);
}

/** Shares of the highest rates seen in the run so far, ours or PyTorch's: what this card can do. */
function addShares({ rates, steps }: Measured): void {
  const peak = (what: Rate["what"], precision: Precision) => {
    const like = rates.filter((one) => one.what === what && one.precision === precision);
    return Math.max(...like.flatMap(({ rate, peerRate = 0, peer }) => (peer === "cpu" ? [rate] : [rate, peerRate])));
  };
  for (const one of rates) one.ofPeak = one.rate / peak(one.what, one.precision);
  for (const step of steps) {
    const [products, copies] = [peak("product", step.precision), peak("copy", "float32")];
    if (products > 0) step.ofPeak = step.flops / products;
    if (copies > 0) step.ofCopy = step.bandwidth / copies;
  }
}

/** Whether everything asked for was measured, and all that was checked agrees. */
export function isSound({ checks, rates, steps, failures }: Measured): boolean {
  const wrong = rates.some(({ error }) => error !== undefined && !(error < 5e-3)) || steps.some((one) => !agrees(one));
  return failures.length === 0 && checks.every(({ ok }) => ok) && !wrong;
}

/** Losses of the first steps are PyTorch's to a hundredth: enough to see a wrong gradient, not more than rounding costs. */
function agrees({ losses, peerLosses = losses }: Step): boolean {
  return losses.every((loss, at) => Math.abs(loss / peerLosses[at]! - 1) < 0.01);
}

const percent = (share: number | undefined) =>
  share === undefined ? "" : ` (${(100 * share).toFixed(0)}% of the peak)`;
const tera = (rate: number, unit: string) => `${(rate / 1e12).toPrecision(3)} T${unit}/s`;
const beside = ({ peer, ratio }: Compared, theirs: string) =>
  ratio === undefined ? "" : `, PyTorch on ${peer} ${theirs}, time ratio ${ratio.toFixed(2)}`;

/** The same for people. */
export function describe(measured: Measured): string {
  const { device, card, software, versions, pytorch, checks, rates, steps, failures, seconds } = measured;
  const wrong = checks.filter(({ ok }) => !ok);
  const worst = Math.max(0, ...checks.map(({ error }) => error ?? 0));
  return [
    `${device}${software ? ": its times mean nothing" : ""}; ${card ?? "no NVIDIA driver here"}`,
    `Node ${versions.node}, Dawn ${versions.dawn}, ${pytorch ? `PyTorch ${pytorch.torch}, CUDA ${pytorch.cuda}, cuDNN ${pytorch.cudnn}` : "no PyTorch"}`,
    ...(checks.length > 0
      ? [`${checks.length - wrong.length} of ${checks.length} checks hold, largest error ${worst.toExponential(1)}`]
      : []),
    ...wrong.map(
      ({ what, error, message }) => `  WRONG ${what}: ${message ?? error?.toExponential(1) ?? "not finite"}`,
    ),
    ...rates.map((one) => {
      const unit = one.what === "product" ? "FLOP" : "B";
      const where = one.matrixUnits ? " on matrix units" : "";
      const theirs = one.peerRate === undefined ? "" : tera(one.peerRate, unit);
      const name = [one.precision, one.layout, one.what, one.size].filter((word) => word !== undefined).join(" ");
      const error = one.error === undefined ? "" : `, error ${one.error.toExponential(1)}`;
      return `${name}: ${tera(one.rate, unit)}${where}${percent(one.ofPeak)}${beside(one, theirs)}${error}`;
    }),
    ...steps.map((step) => {
      const { precision, width, batch, sizes, parameters, milliseconds, peerMilliseconds = 0, spread } = step;
      const size = `width ${width}, ${sizes.layers} layers, batch ${batch}, ${sizes.length} tokens`;
      const theirs = `${peerMilliseconds.toFixed(1)} ms`;
      return [
        `${precision} step, ${size}, ${(parameters / 1e6).toFixed(1)} M parameters: ${milliseconds.toFixed(1)} ms ` +
          `(${spread.map((one) => one.toFixed(1)).join(" to ")}), ${step.tokensPerSecond.toFixed(0)} tokens/s, ` +
          `${tera(step.flops, "FLOP")}${percent(step.ofPeak)}, ${tera(step.bandwidth, "B")}${percent(step.ofCopy)}${beside(step, theirs)}`,
        `  losses ${step.losses.map((one) => one.toFixed(4)).join(", ")}` +
          (step.peerLosses ? `; PyTorch's ${step.peerLosses.map((one) => one.toFixed(4)).join(", ")}` : "") +
          (agrees(step) ? "" : ": WRONG"),
      ].join("\n");
    }),
    ...failures.map(({ section, message }) => `  FAILED ${section}: ${message}`),
    `seconds: ${Object.entries(seconds)
      .map(([section, took]) => `${section} ${took.toFixed(0)}`)
      .join(", ")}`,
  ].join("\n");
}
