import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceName } from "../../src/engine/devices/device.ts";
import { type Agreement, compareCase, type Deviation, type Outcome } from "./agreement.ts";
import { compareFamily } from "./familyAgreement.ts";
import { readFamilyCase } from "./familyCase.ts";
import { compareGeneration } from "./familyGeneration.ts";
import { readCase } from "./golden.ts";
import { compareMetrics } from "./metricCase.ts";
import { compareTokenizer } from "./tokenizerCase.ts";

/** The largest relative errors that a device may make, of blocks and of whole models. */
export function boundsOn(device: DeviceName, what: "block" | "model"): { output: number; gradient: number } {
  if (device === "webgpu") return { output: 1e-3, gradient: what === "model" ? 2e-3 : 1e-3 };
  return what === "model" ? { output: 1e-4, gradient: 1e-3 } : { output: 1e-5, gradient: 1e-4 };
}

/** Computes a case on the open device, whatever kind it is of. @throws Error that says why it cannot be read or computed */
export async function outcomeOf(folder: string, device: DeviceName): Promise<Outcome> {
  if (!existsSync(join(folder, "config.json")) && existsSync(join(folder, "cider.json"))) return compareMetrics(folder);
  const { block, config } = await readConfig(folder);
  if (block === "Tokenizer") return compareTokenizer(folder);
  if (typeof config === "object" && config !== null) return modelOutcome(folder, device);
  const golden = await readCase(folder);
  return agreementOutcome(golden.type, await compareCase(golden), boundsOn(device, "block"));
}

/** What its config.json says; what is wrong with it is told by whoever reads it whole. */
async function readConfig(folder: string): Promise<{ block?: unknown; config?: unknown }> {
  try {
    return JSON.parse(await readFile(join(folder, "config.json"), "utf8")) ?? {};
  } catch {
    return {};
  }
}

/** Logits and gradients, continuations, or all of these. */
async function modelOutcome(folder: string, device: DeviceName): Promise<Outcome> {
  const read = await readFamilyCase(folder);
  const bounds = boundsOn(device, "model");
  const outcomes: Outcome[] = [];
  if (read.inputs.has("cotangent")) outcomes.push(agreementOutcome(read.type, await compareFamily(read), bounds));
  if (read.generation) {
    const { tokens, wrong, logits, scores } = await compareGeneration(read);
    const told = `continuations ${tokens - wrong} of ${tokens} tokens, first logits ${error(logits, bounds.output)}, beam scores ${error(scores, bounds.output)}`;
    const good = wrong === 0 && logits <= bounds.output && scores <= bounds.output;
    outcomes.push({ good, text: outcomes.length === 0 ? `${read.type}  ${told}` : told });
  }
  if (outcomes.length === 0) throw new Error("the case has neither a cotangent nor settings of a continuation");
  return { good: outcomes.every(({ good }) => good), text: outcomes.map(({ text }) => text).join("  ") };
}

function agreementOutcome(
  type: string,
  { output, gradients }: Agreement,
  bounds: ReturnType<typeof boundsOn>,
): Outcome {
  const none: Deviation = { name: "none", error: 0 };
  const worst = gradients.reduce((largest, each) => (each.error > largest.error ? each : largest), none);
  const parts = [
    type,
    `output ${error(output.error, bounds.output)}`,
    `gradients ${error(worst.error, bounds.gradient)} (${worst.name}, of ${gradients.length})`,
  ];
  return { good: output.error <= bounds.output && worst.error <= bounds.gradient, text: parts.join("  ") };
}

function error(value: number, bound: number): string {
  return `${value.toExponential(1)}${value <= bound ? "" : ` over ${bound.toExponential(0)}`}`;
}
