import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { addTo, describe, isSound, type Measured, nothingMeasured } from "./gpuResult.ts";
import { type Plan, sections } from "./gpuSections.ts";
import { readValues } from "./readValues.ts";

const usage = `npm run -s bench -- gpu [--json] [--out FILE] [--only SECTION]... [--minutes N] [--software]
                        [--width N] [--layers N] [--batch N] [--length N] [--product N]

Checks webgpu's kernels, in single and in half precision, and every block against the device cpu, then measures rates of copies and matrix
products and the time of a training step of a Flamingo (width 1024, 24 layers with a gated layer before each, batch 8, 256 tokens, all of it
trained), in single and in half precision where the GPU has it; and PyTorch beside it, in turn, where a python3 has torch with CUDA.

Each section has a process and a time of its own. After each number the FILE (dist/gpu.json) is written anew, so that whatever ends this command
loses nothing. It ends by itself within 9.5 minutes, or those that are named. Sections: ${Object.keys(sections).join(", ")}.

--software allows a GPU emulated on the CPU, and PyTorch on the CPU beside it, for trying out this command with small sizes: its times mean
nothing. npm run -s bench -- gpu-pack makes all this one folder for a machine that reaches no package registry.`;

export async function main(args: string[]): Promise<void> {
  const values = readValues(args, usage, {
    out: { type: "string", default: "dist/gpu.json" },
    only: { type: "string", multiple: true, default: Object.keys(sections) },
    minutes: { type: "string", default: "9.5" },
    software: { type: "boolean", default: false },
    width: { type: "string", default: "1024" },
    layers: { type: "string", default: "24" },
    batch: { type: "string", default: "8" },
    length: { type: "string", default: "256" },
    product: { type: "string", default: "4096" },
    section: { type: "string" }, // given to a process that measures one
  });
  if (!values) return;
  const { width, layers, batch, length, product } = numbersOf(values);
  const scale = width / 1024;
  const sizes = {
    ...{ length, layers, heads: Math.max(1, width / 64), vocabulary: Math.round(32_768 * scale) },
    ...{ features: Math.round(256 * scale), latents: Math.max(1, Math.round(64 * scale)) },
    resamplerLayers: Math.min(6, layers),
  };
  const plan: Plan = { width, batch, sizes, product, software: values.software };
  if (values.section !== undefined) return measureSection(values.section, plan);
  const unknown = values.only.find((name) => !Object.hasOwn(sections, name));
  if (unknown !== undefined) throw new Error(`there is no section ${unknown}: ${Object.keys(sections).join(", ")}`);
  const asked = { only: values.only, seconds: 60 * Number(values.minutes), out: resolve(values.out), args };
  const measured = await measureAll(plan, asked);
  console.log(values.json ? JSON.stringify(measured, undefined, 2) : describe(measured));
  process.exitCode = isSound(measured) ? 0 : 1;
}

type Sizes = Record<"width" | "layers" | "batch" | "length" | "product", number>;

function numbersOf(values: Record<keyof Sizes, string>): Sizes {
  const { width, layers, batch, length, product } = values;
  return {
    ...{ width: Number(width), layers: Number(layers), batch: Number(batch) },
    ...{ length: Number(length), product: Number(product) },
  };
}

/** The process of a section: hands what it measures to the one that started it. */
async function measureSection(name: string, plan: Plan): Promise<void> {
  process.on("disconnect", () => process.exit(1)); // no one is left to tell
  const send = (part: Partial<Measured>) => new Promise<void>((sent) => void process.send!(part, () => sent()));
  try {
    await sections[name]!.run(plan, (part) => void send(part));
  } catch (error) {
    await send({ failures: [{ section: name, message: (error as Error).message }] });
  }
  await send({});
  process.exit(0); // Dawn's threads would keep it
}

interface Asked {
  only: readonly string[];
  seconds: number;
  out: string;
  /** What this process was started with: those of the sections are started with the same. */
  args: readonly string[];
}

async function measureAll(plan: Plan, { only, seconds, out, args }: Asked): Promise<Measured> {
  const measured = nothingMeasured();
  const add = (part: Partial<Measured>) => {
    addTo(measured, part);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(`${out}.new`, `${JSON.stringify(measured, undefined, 2)}\n`);
    renameSync(`${out}.new`, out);
  };
  add({});
  // The folder for files of all sections: the numbers of the steps, 3 GB, are drawn by the first.
  const folder = mkdtempSync(join(tmpdir(), "flamingo-gpu-"));
  const start = performance.now();
  try {
    for (const [name, section] of Object.entries(sections)) {
      if (!only.includes(name)) continue;
      const left = seconds - (performance.now() - start) / 1000;
      const most = plan.software ? left : Math.min(section.seconds, left);
      const begun = performance.now();
      const message = await runSection(name, most, { folder, args }, add);
      const took = (performance.now() - begun) / 1000;
      add({
        ...{ seconds: { ...measured.seconds, [name]: took } },
        ...(message !== undefined && { failures: [{ section: name, message }] }),
      });
      console.error(`${name}: ${took.toFixed(1)} s${message === undefined ? "" : `, ${message}`}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return measured;
}

/** Runs a section in a process of its own, which a driver may crash or hold up; returns why it ended before its end. */
async function runSection(
  name: string,
  seconds: number,
  { folder, args }: { folder: string; args: readonly string[] },
  add: (part: Partial<Measured>) => void,
): Promise<string | undefined> {
  if (seconds <= 0) return "no time was left";
  // The script and its first words as they were, whether it is a bundle or not.
  const [script, ...before] = process.argv.slice(1, process.argv.length - args.length);
  const child = fork(script!, [...before, ...args, "--section", name], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", 2, 2, "ipc"],
    serialization: "advanced", // JSON would make null of a number that is not finite
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 1000 * seconds);
  child.on("message", (part) => add(part as Partial<Measured>));
  const [[code, signal]] = await Promise.all([once(child, "exit"), once(child, "disconnect")]); // what was sent has come by then
  clearTimeout(timer);
  if (late) return `it was stopped after ${seconds.toFixed(0)} s`;
  return code === 0 ? undefined : `its process ended by ${signal ?? `code ${code}`}; its message stands above`;
}
