import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { Random } from "../../src/core/random.ts";
import { Prefetcher } from "../../src/data/prefetcher.ts";
import { WebDataset } from "../../src/data/sources/webDataset.ts";
import { tarFile } from "../data/tarFile.ts";
import { findPytorch } from "../pytorch.ts";
import { Peer } from "./peer.ts";
import { readValues } from "./readValues.ts";

const usage = `npm run -s bench -- loader [--json] [--size SIDE] [--pairs N] [--epochs N]

Images a second that the source WebDataset gives (decoded, resized, captions as tokens, in batches), read from two tar shards of photographs
of 400 by 300 pixels, and of webdataset behind PyTorch's DataLoader with two workers on the same shards, in turn, where a python3 has
both (FLAMINGO_PYTHON names another Python).`;

const batch = 32;
const workers = 2;

interface Epoch {
  images: number;
  seconds: number;
}

export async function main(args: string[]): Promise<void> {
  const values = readValues(args, usage, {
    size: { type: "string", default: "224" },
    pairs: { type: "string", default: "2000" },
    epochs: { type: "string", default: "5" },
  });
  if (!values) return;
  const [size, pairs, epochs] = [Number(values.size), Number(values.pairs), Number(values.epochs)];
  const folder = mkdtempSync(join(tmpdir(), "flamingo-loader-"));
  const shards = join(folder, "pairs-{000000..000001}.tar");
  try {
    await writeShards(folder, pairs);
    const load = loadavg()[0]!.toFixed(1);
    const ours = await openOurs(shards, size, pairs);
    const theirs = await openTheirs(shards, size);
    const [our, their]: [number[], number[]] = [[], []];
    await ours.epoch();
    await theirs?.epoch();
    for (let epoch = 0; epoch < epochs; epoch++) {
      our.push(await ours.epoch());
      if (theirs) their.push(await theirs.epoch());
    }
    await ours.close();
    theirs?.close();
    const ratio = theirs && median(our.map((rate, turn) => rate / their[turn]!));
    const processor = cpus()[0]?.model.trim() ?? "unknown";
    const row = { processor, cores: cpus().length, load, size, pairs, epochs, ours: median(our) };
    const peer = theirs && { peer: theirs.versions, peerImagesPerSecond: median(their), ratio };
    if (values.json) console.log(JSON.stringify({ ...row, ...peer }, undefined, 2));
    else {
      console.log(
        `${processor}, ${row.cores} cores, load ${load}; ${pairs} pairs, side ${size}, median of ${epochs} epochs`,
      );
      console.log(`ours                   ${median(our).toFixed(0)} images/s (${range(our)})`);
      if (theirs) console.log(`${theirs.versions}  ${median(their).toFixed(0)} images/s (${range(their)})`);
      console.log(
        theirs ? `ratio ${ratio!.toFixed(2)} (above 1 we are faster)` : "no python3 here has torch and webdataset",
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Two shards of pairs: smooth noise as JPEG files of some 30 KB, each with a caption. */
async function writeShards(folder: string, pairs: number): Promise<void> {
  const random = new Random(1);
  for (const shard of [0, 1]) {
    const files: [string, string | Uint8Array][] = [];
    for (let at = shard * Math.ceil(pairs / 2); at < (shard === 0 ? Math.ceil(pairs / 2) : pairs); at++) {
      const noise = Uint8Array.from({ length: 40 * 30 * 3 }, () => random.integer(256));
      const image = sharp(noise, { raw: { width: 40, height: 30, channels: 3 } });
      const key = String(at).padStart(9, "0");
      files.push([`${key}.jpg`, await image.resize(400, 300, { kernel: "cubic" }).jpeg({ quality: 90 }).toBuffer()]);
      files.push([`${key}.txt`, `noise number ${at}, smooth and in all colours`]);
    }
    writeFileSync(join(folder, `pairs-${String(shard).padStart(6, "0")}.tar`), tarFile(files));
  }
}

/** Our source, with its batches made in a thread, as a training takes them. */
async function openOurs(shards: string, size: number, pairs: number) {
  const config = WebDataset.config.parse({ shards, imageSize: size, batch, media: 1, heldOut: 0 });
  const context = { seed: 1, cache: "", progress: () => {}, warn: (message: string) => console.error(message) };
  const source = await WebDataset.open(config, context);
  const batches = new Prefetcher(source, (message) => console.error(message));
  await batches.started;
  let index = 0;
  return {
    async epoch(): Promise<number> {
      const start = performance.now();
      let images = 0;
      for (; images < pairs; images += batch) await batches.take(index++);
      return (1000 * images) / (performance.now() - start);
    },
    close: () => batches.dispose(),
  };
}

/** PyTorch's; undefined where there is none. */
async function openTheirs(shards: string, size: number) {
  const python = findPytorch();
  if (!python || spawnSync(python, ["-c", "import webdataset, PIL"]).status !== 0) return undefined;
  const peer = new Peer(python, "webdataset_loader.py", 1);
  const { versions } = await peer.ask<{ versions: string }>({ open: { shards, size, batch, workers } });
  return {
    versions,
    async epoch(): Promise<number> {
      const { images, seconds } = await peer.ask<Epoch>({ epoch: true });
      return images / seconds;
    },
    close: () => peer.close(),
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function range(rates: readonly number[]): string {
  return `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
}
