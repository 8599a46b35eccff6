import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { Random } from "../../src/core/random.ts";
import { findBlock } from "../../src/core/registry.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { modelOf } from "../../src/models/families/index.ts";
import { theirShape } from "../../src/weights/nameMap.ts";
import { saveShards } from "../../src/weights/shards.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { findPytorch } from "../pytorch.ts";
import { readValues } from "./readValues.ts";

const usage = `npm run -s bench -- open [--json] [--device NAME] [--turns N]

Seconds to open a folder of OPT-125M's shape (random weights, bfloat16, several files, 250 MB) and to say the first token, each time in a new
process, and that process' peak memory; transformers beside it, in turn (FLAMINGO_PYTHON names its Python).`;

/** What a process tells: milliseconds, the token that it said, and bytes. */
interface Told {
  open: number;
  token: number;
  said: number;
  peak: number;
  parameters?: number;
}

export async function main(args: string[]): Promise<void> {
  const values = readValues(args, usage, {
    device: { type: "string", default: "wasm" },
    turns: { type: "string", default: "5" },
  });
  if (!values) return;
  const folder = mkdtempSync(join(tmpdir(), "flamingo-open-"));
  try {
    await writeModel(folder);
    const python = findPytorch();
    const ours: Told[] = [];
    const theirs: Told[] = [];
    for (let turn = 0; turn < Number(values.turns); turn++) {
      ours.push(ask(process.execPath, ["--import", "tsx", script("openModelProcess.ts"), folder, values.device]));
      if (python) theirs.push(ask(python, [script("peers/open_model.py"), folder]));
    }
    const said = new Set([...ours, ...theirs].map((told) => told.said));
    if (said.size > 1) throw new Error(`different first tokens: ${[...said].join(", ")}`);
    const result = {
      device: values.device,
      seconds: median(ours.map(secondsOf)),
      peak: Math.max(...ours.map(({ peak }) => peak)),
      weights: 4 * ours[0]!.parameters!,
      ...(python && {
        peerSeconds: median(theirs.map(secondsOf)),
        peerPeak: Math.max(...theirs.map(({ peak }) => peak)),
        ratio: median(ours.map((one, turn) => secondsOf(one) / secondsOf(theirs[turn]!))),
      }),
    };
    console.log(values.json ? JSON.stringify(result) : describe(result));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A folder of transformers with OPT's defaults, which are those of OPT-125M. */
async function writeModel(folder: string): Promise<void> {
  const config = { model_type: "opt", architectures: ["OPTForCausalLM"], torch_dtype: "bfloat16" };
  const { block, weights: names } = modelOf(config);
  const specs = describeWeights(findBlock(block.type)!, block.config ?? {});
  const shapes = new Map(specs.map(({ name, shape }) => [name, shape]));
  const random = new Random(1);
  const tensors = names.map((each): [string, StoredTensor] => {
    const shape = theirShape(
      each,
      each.ours.map((name) => shapes.get(name)!),
    );
    const read = () => random.fork(each.theirs).uniforms(sizeOf({ shape }), -0.04, 0.04);
    return [
      each.theirs,
      {
        dtype: "BF16",
        shape,
        get data() {
          return read();
        },
      },
    ];
  });
  await saveShards(folder, tensors, { shardBytes: 100e6, metadata: { format: "pt" } });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
}

function script(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}

function ask(program: string, args: string[]): Told {
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, TOY_THREADS: "2" },
  });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Told;
}

function secondsOf({ open, token }: Told): number {
  return (open + token) / 1000;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function describe(
  result: { device: string; seconds: number; peak: number; weights: number } & Partial<Record<string, unknown>>,
): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const { device, seconds, peak, weights, peerSeconds, peerPeak, ratio } = result;
  const ours = `opened and first token on ${device}: ${seconds.toFixed(2)} s, peak ${megabytes(peak)} (weights in float32 ${megabytes(weights)})`;
  if (ratio === undefined) return ours;
  return `${ours}\ntransformers: ${(peerSeconds as number).toFixed(2)} s, peak ${megabytes(peerPeak as number)}; ratio ${(ratio as number).toFixed(2)}`;
}
