import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { LogRecord } from "../../src/channels/channel.ts";
import { byteTokenizer } from "../../src/data/texts/byteTokenizer.ts";
import { type Pipeline, parsePipeline } from "../../src/pipeline/schema.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { formatFile, formatSources } from "../data/dataFormats.ts";
import { tarFile } from "../data/tarFile.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { spawnFlamingo } from "../studioProcess.ts";
import { type Carried, carryOut, newestOf, newRun, smallPipeline, valuesOf } from "./smallRun.ts";

const steps = 12;
const vocabulary = byteTokenizer().pretrained;
/** Pages may have fewer images than a batch has room for. */
const fusionLayer = { type: "GatedXattnDense", config: { heads: 2, headDim: 8, padded: true } };

/** A small pipeline whose loss is the sum of the losses on all sources, each through the same weights. */
function trainedOnAll(): Pipeline {
  const settings = { steps, checkpointEvery: 5 };
  const { nodes, edges, ...rest } = smallPipeline({
    without: ["samples", "evaluate"],
    config: {
      train: settings,
      language: { vocabulary, imageToken: vocabulary, fusionLayer },
    },
  });
  const inner = edges.filter(({ to }) => to[0] !== "train");
  const all: Record<string, unknown> = { train: nodes.train };
  const wires: { from: string[]; to: string[] }[] = [];
  let sum = "";
  for (const [number, [type, config]] of Object.entries(formatSources).entries()) {
    const named = (id: string) => (number === 0 ? id : `${id}${number}`);
    for (const [id, node] of Object.entries(nodes)) {
      if (id === "train") continue;
      const shares = number > 0 && ["encoder", "resampler", "language"].includes(id) ? { shares: id } : {};
      all[named(id)] = id === "data" ? { type, config } : { ...node, ...shares };
    }
    for (const { from, to } of inner) wires.push({ from: [named(from[0]), from[1]], to: [named(to[0]), to[1]] });
    if (sum === "") sum = "loss";
    else {
      wires.push({ from: [sum, sum === "loss" ? "loss" : "sum"], to: [`sum${number}`, "a"] });
      wires.push({ from: [named("loss"), "loss"], to: [`sum${number}`, "b"] });
      sum = `sum${number}`;
      all[sum] = { type: "Add", config: {} };
    }
  }
  wires.push({ from: [sum, sum === "loss" ? "loss" : "sum"], to: ["train", "loss"] });
  return parsePipeline({ ...rest, nodes: all, edges: wires }, "the test");
}

describe("a training on data that is read as it goes", () => {
  let whole: Carried;

  beforeAll(async () => {
    whole = await carryOut(await newRun(trainedOnAll()));
  });

  test("learns from all of it, and skips nothing of what its owners' libraries wrote", () => {
    expect(whole.error).toBeUndefined();
    const losses = valuesOf(whole.records, "loss").map(({ value }) => value.total);
    expect(losses).toHaveLength(steps);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    const warnings = valuesOf(whole.records, "message").map(({ value }) => value.message);
    expect(warnings.filter((message) => message.includes("bad sample"))).toEqual([]);
  });

  test("killed in the middle of a shard and resumed sees the same batches, bit for bit", async () => {
    const folder = await newRun(trainedOnAll());
    await killAfterStep(folder, 7); // of 8 batches that a shard of 24 samples has at most
    const before = await readRecords(folder);
    const rest = await carryOut(folder);
    expect(rest.outcome).toBe("succeeded");
    expect(valuesOf(rest.records, "run")[0]!.value.from).toBe(5);
    expect(lossesByStep([...before, ...rest.records])).toEqual(lossesByStep(whole.records));
    const [one, other] = [await newestOf(folder), await newestOf(whole.folder)];
    expect(one.weights).toEqual(other.weights);
    expect(one.moments).toEqual(other.moments);
  });

  test("stops at one bad sample too many, with each one named and one sentence", async () => {
    const file = join(temporaryFolder(), "bad.tar");
    const picture = readFileSync(formatFile("coco/images/COCO_train2014_000000000000.jpg"));
    const files = ["a", "b", "c", "d", "e", "f"].flatMap((key, at) => [
      [`${key}.jpg`, at % 2 === 0 ? "no image" : picture] as const,
      [`${key}.txt`, "a square"] as const,
    ]);
    writeFileSync(file, tarFile(files));
    const config = { ...formatSources.WebDataset, heldOut: 0, shards: file, maxBad: 2, batch: 1, shuffle: 1 };
    const { nodes, ...rest } = trainedOnAll();
    const pipeline = parsePipeline({ ...rest, nodes: { ...nodes, data: { type: "WebDataset", config } } }, "the test");
    const { error, records } = await carryOut(await newRun(pipeline));
    expect(error).toMatchObject({ code: "INVALID_DATA", fix: "repair or remove the bad samples, or raise maxBad" });
    expect(error!.message).toMatch(
      /bad.tar has more than 2 bad samples \(maxBad\); the last one is e of .*bad.tar: its image cannot be decoded/,
    );
    expect(valuesOf(records, "loss")).toHaveLength(4); // a, b, c and d, of which b and d stand for a and c
    const warnings = valuesOf(records, "message").map(({ value }) => value.message);
    expect(warnings.filter((message) => message.startsWith("bad sample"))).toEqual([
      expect.stringMatching(/^bad sample 1 \(at most 2\) is skipped: a of .*bad.tar: its image cannot be decoded/),
      expect.stringMatching(/^bad sample 2 \(at most 2\) is skipped: c of .*bad.tar: its image cannot be decoded/),
    ]);
  });
});

/** Starts a run in a process of its own, and kills it with -9 once it has done so many steps. */
async function killAfterStep(folder: string, step: number): Promise<void> {
  const child = spawnFlamingo(temporaryFolder(), "resume", folder, "--json");
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stderr!.resume();
  const end = once(child, "exit");
  for await (const line of createInterface(child.stdout!)) {
    const { channel, step: done } = JSON.parse(line) as LogRecord;
    if (channel === "loss" && done === step) break;
  }
  child.kill("SIGKILL");
  expect(await end).toEqual([null, "SIGKILL"]);
}

/** The loss of each step as it was computed last. */
function lossesByStep(records: readonly LogRecord[]): Map<number, number> {
  return new Map(valuesOf(records, "loss").map(({ step, value }) => [step, value.total]));
}
