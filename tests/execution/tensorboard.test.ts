import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodePng } from "../../src/data/pixels.ts";
import { writeTensorboard } from "../../src/execution/writeTensorboard.ts";
import { crc32c } from "../../src/runs/eventFile.ts";
import { pinnedFile } from "../../src/runs/folder.ts";
import { optional } from "../optional.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { carryOut, newestOf, newRun, smallPipeline, valuesOf } from "./smallRun.ts";

/** CRC-32C bit by bit, as its definition has it. */
function crcByBits(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data)
    for (let bit = 0; bit < 8; bit++) crc = ((crc ^ (byte >> bit)) & 1 ? 0x82f63b78 : 0) ^ (crc >>> 1);
  return (crc ^ 0xffffffff) >>> 0;
}

type Fields = Map<number, (bigint | Uint8Array)[]>;

/** A protocol buffer's fields by their numbers, without knowing what they mean. */
function fieldsOf(data: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = () => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = data[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = Number(varint());
    const length = { 0: 0, 1: 8, 5: 4 }[key & 7] ?? Number(varint());
    const value = (key & 7) === 0 ? varint() : data.subarray(at, at + length);
    at += (key & 7) === 0 ? 0 : length;
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

/** The events of a file, after a check of every length and content. */
function eventsOf(file: string): Fields[] {
  const data = readFileSync(file);
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  const events: Fields[] = [];
  for (let at = 0; at < data.length; ) {
    const length = Number(data.readBigUInt64LE(at));
    expect(unmask(data.readUInt32LE(at + 8))).toBe(crcByBits(data.subarray(at, at + 8)));
    const content = data.subarray(at + 12, at + 12 + length);
    expect(unmask(data.readUInt32LE(at + 12 + length))).toBe(crcByBits(content));
    events.push(fieldsOf(content));
    at += 16 + length;
  }
  return events;
}

const only = (fields: Fields, number: number) => Buffer.from(fields.get(number)![0] as Uint8Array);

test("the CRC is Castagnoli's", () => {
  const text = new TextEncoder().encode("123456789");
  expect(crc32c(text)).toBe(0xe3069283); // the check value of CRC-32C
  expect(crcByBits(text)).toBe(0xe3069283);
});

test("an event file has every number, caption, pinned image and weight of a run", async () => {
  const { folder, records } = await carryOut(await newRun(smallPipeline({ without: ["evaluate"] })));
  const to = join(temporaryFolder(), "events");
  const written = await writeTensorboard(folder, to);
  expect(await writeTensorboard(folder, to)).toEqual(written);
  expect(readdirSync(to)).toHaveLength(1);
  const [version, ...events] = eventsOf(written.file);
  expect(only(version!, 3).toString()).toBe("brain.Event:2");
  const scalars = new Map<string, number>();
  const others = { texts: 0, images: 0, histograms: 0 };
  for (const event of events) {
    const step = Number(event.get(2)![0]);
    for (const value of fieldsOf(only(event, 5))
      .get(1)!
      .map((data) => fieldsOf(data as Uint8Array))) {
      const tag = only(value, 1).toString();
      if (value.has(2)) scalars.set(`${tag} ${step}`, only(value, 2).readFloatLE());
      else if (value.has(8)) others.texts++;
      else if (value.has(4)) others.images++;
      else if (value.has(5)) others.histograms++;
    }
  }
  for (const { step, value } of valuesOf(records, "loss"))
    expect(scalars.get(`loss/loss ${step}`)).toBe(Math.fround(value.total));
  for (const { step, value } of valuesOf(records, "optimizer"))
    expect(scalars.get(`optimizer/gradient_norm ${step}`)).toBe(Math.fround(value.norm));
  expect(scalars.size).toBe(written.scalars);
  const { weights } = await newestOf(folder);
  // Captions of 2 images at steps 0, 3 and 6; checkpoints at 3 and 6.
  expect(others).toEqual({ texts: 6, images: 2, histograms: 2 * weights.size });
});

test("pinned images are written in the order of their numbers, also from the eleventh on", async () => {
  const run = temporaryFolder();
  const numbers = Array.from({ length: 12 }, (_, image) => image);
  const image = await encodePng(new Float32Array(4 * 4 * 3), 4);
  for (const number of numbers.toReversed()) writeFileSync(join(run, pinnedFile(number)), image);
  const { file } = await writeTensorboard(run, temporaryFolder());
  const tags = eventsOf(file)
    .filter((event) => event.has(5))
    .flatMap((event) => fieldsOf(only(event, 5)).get(1)!)
    .map((value) => only(fieldsOf(value as Uint8Array), 1).toString());
  expect(tags).toEqual(numbers.map((number) => `images/pinned-${number}`));
});

const python = process.env.FLAMINGO_PYTHON ?? "python3";
const hasTensorboard = spawnSync(python, ["-c", "import tensorboard"]).status === 0;

test.runIf(optional("TensorBoard's reader", hasTensorboard, "no python3 here has tensorboard"))(
  "TensorBoard itself reads the same",
  async () => {
    const { folder, records } = await carryOut(await newRun(smallPipeline({ without: ["evaluate"] })));
    const to = temporaryFolder();
    const written = await writeTensorboard(folder, to);
    const script = join(temporaryFolder(), "read.py");
    writeFileSync(
      script,
      `import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
found = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0})
found.Reload()
tags = found.Tags()
weight = tags["histograms"][0]
print(json.dumps({
  "loss": [[e.step, e.value] for e in found.Scalars("loss/loss")],
  "scalars": sum(len(found.Scalars(tag)) for tag in tags["scalars"]),
  "histograms": sum(len(found.Histograms(tag)) for tag in tags["histograms"]),
  "images": [[e.width, e.height] for tag in tags["images"] for e in found.Images(tag)],
  "text": [e.tensor_proto.string_val[0].decode() for tag in tags["tensors"] for e in found.Tensors(tag)],
  "weight": [weight, found.Histograms(weight)[-1].histogram_value.num],
}))
`,
    );
    const read = JSON.parse(
      execFileSync(python, [script, to], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
    expect(read.loss).toEqual(valuesOf(records, "loss").map(({ step, value }) => [step, Math.fround(value.total)]));
    expect([read.scalars, read.histograms]).toEqual([written.scalars, written.histograms]);
    expect(read.images).toEqual([
      [16, 16],
      [16, 16],
    ]);
    const captions = valuesOf(records, "samples").flatMap(({ value }) => value.map(({ caption }) => caption));
    expect([...read.text].sort()).toEqual([...captions].sort());
    const [name, count] = read.weight as [string, number];
    const { weights } = await newestOf(folder);
    expect(count).toBe(weights.get(name.replace("weights/", ""))!.data.length);
  },
);
