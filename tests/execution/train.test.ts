import { existsSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { readFrame } from "../../src/channels/attention.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { attentionFile, checkpointFolder, pinnedFile } from "../../src/runs/folder.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { checkpointFile } from "../../src/training/checkpoint.ts";
import { loadWeights } from "../../src/weights/file.ts";
import { type Carried, carryOut, newestOf, newRun, smallPipeline, stepsOf, valuesOf } from "./smallRun.ts";

const trainOnly = smallPipeline({ without: ["samples", "evaluate"] });

/** What a run's newest checkpoint and its nodes' weights hold. */
async function everythingOf({ folder }: Carried) {
  const checkpoint = await newestOf(folder);
  const nodes = existsSync(join(folder, "weights")) ? await readdir(join(folder, "weights")) : [];
  const weights = await Promise.all(
    nodes.map(async (file) => numbersOf((await loadWeights(join(folder, "weights", file))).tensors)),
  );
  const trained = { weights: numbersOf(checkpoint.weights), moments: numbersOf(checkpoint.moments) };
  return { ...checkpoint, seconds: 0, trained, nodes, weights, moments: undefined };
}

/** The numbers of tensors, which a file gives when they are looked at. */
function numbersOf(tensors: ReadonlyMap<string, { shape: readonly number[]; data: unknown }>) {
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data }]));
}

let whole: Carried;
beforeAll(async () => {
  whole = await carryOut(await newRun(smallPipeline()));
});

describe("a run", () => {
  test("succeeds, with a step, a loss and gates for each step, in order", () => {
    expect(whole).toMatchObject({ outcome: "succeeded" });
    expect(whole.error).toBeUndefined();
    expect(stepsOf(whole.records).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    const { trainable, weights } = valuesOf(whole.records, "training")[0]!.value;
    expect(trainable).toBeLessThan(weights);
    for (const step of stepsOf(whole.records)) expect(step.gates).toHaveLength(4);
  });

  test("tells where its gates are in the graph of the model", () => {
    const [told] = valuesOf(whole.records, "gates").map(({ value }) => value);
    const [cross, forward] = ["Masked cross-attention", "Feed-forward"];
    expect(told).toEqual({
      gates: [0, 1].flatMap((layer) => [
        { node: "language", path: [`gated_cross_attn_layers.${layer}`, "attn_gate"], layer, update: cross },
        { node: "language", path: [`gated_cross_attn_layers.${layer}`, "ff_gate"], layer, update: forward },
      ]),
    });
  });

  test("begins with the loss of the language model alone, since its gates are closed, and they open", async () => {
    const steps = stepsOf(whole.records);
    const without = ["encoder", "resampler", "samples", "evaluate"];
    const alone = await carryOut(await newRun(smallPipeline({ without, config: { train: { steps: 1 } } })));
    expect(steps[0]!.loss).toBe(stepsOf(alone.records)[0]!.loss);
    for (const gate of steps[0]!.gates) expect(Math.abs(gate!)).toBeLessThan(0.03); // 5 · 0.01 / 2, one step of warm-up
    for (const gate of steps[5]!.gates) expect(Math.abs(gate!)).toBeGreaterThan(0.03);
  });

  test("tells the state of each node that works", () => {
    const { nodes, status } = foldRecords(emptyRun(), whole.records);
    expect(status).toBe("succeeded");
    for (const node of ["data", "train", "evaluate"]) expect(nodes[node]?.state, node).toBe("succeeded");
    const last = valuesOf(whole.records, "node").findLast(({ value }) => value.activity === "training");
    expect(last!.value).toMatchObject({ node: "train", step: 6, total: 6 });
  });

  test("tells of each step how much of it waited for data", () => {
    const times = valuesOf(whole.records, "time");
    expect(times).toHaveLength(6);
    for (const { waiting } of times.map(({ value }) => value)) {
      expect(waiting).toBeGreaterThanOrEqual(0);
      expect(waiting).toBeLessThanOrEqual(1);
    }
    // The first batch is drawn while nothing else can be done.
    expect(times[0]!.value.waiting).toBeGreaterThan(0);
  });

  test("with the same seed gives the same bits, and with another seed others", async () => {
    const again = await carryOut(await newRun(smallPipeline()));
    expect(stepsOf(again.records)).toEqual(stepsOf(whole.records));
    expect(await everythingOf(again)).toEqual(await everythingOf(whole));
    expect(valuesOf(again.records, "results")).toEqual(valuesOf(whole.records, "results"));
    const other = await carryOut(await newRun(trainOnly, 2));
    expect(stepsOf(other.records)[0]!.loss).not.toBe(stepsOf(whole.records)[0]!.loss);
  });

  test("is not changed by who looks on", async () => {
    const alone = await carryOut(await newRun(trainOnly));
    expect(stepsOf(alone.records)).toEqual(stepsOf(whole.records));
  });

  test("moves what learns and nothing that is frozen", async () => {
    const { weights } = await newestOf(whole.folder);
    const trained = [...weights.keys()];
    expect(trained.filter((name) => name.startsWith("encoder.") || name.startsWith("language.layers"))).toEqual([]);
    expect(trained).toContain("language.embed_tokens.new_tokens");
    const saved = (await loadWeights(join(whole.folder, "weights", "language.safetensors"))).tensors;
    const short = await carryOut(
      await newRun(smallPipeline({ without: ["samples", "evaluate"], config: { train: { steps: 1 } } })),
    );
    const before = (await loadWeights(join(short.folder, "weights", "language.safetensors"))).tensors;
    for (const [name, { data }] of saved) {
      const same = Array.from(data as Float32Array).every((value, at) => value === before.get(name)!.data[at]);
      expect(same, name).toBe(!trained.includes(`language.${name}`));
    }
    expect(existsSync(join(whole.folder, "weights", "encoder.safetensors"))).toBe(false);
  });
});

describe("a run that is stopped and resumed", () => {
  test.each([2, 4])("after step %i ends with the bits of one that ran through", async (last) => {
    const folder = await newRun(smallPipeline());
    const first = await carryOut(folder, {
      onRecord: (event, stop) => {
        if (event.channel === "loss" && event.step === last) stop();
      },
    });
    expect(first.outcome).toBe("stopped");
    expect(stepsOf(first.records)).toHaveLength(last);
    expect(valuesOf(first.records, "checkpoint").at(-1)!.step).toBe(last);
    const second = await carryOut(folder);
    expect(second.outcome).toBe("succeeded");
    expect(valuesOf(second.records, "run")[0]!.value.from).toBe(last);
    expect(stepsOf([...first.records, ...second.records])).toEqual(stepsOf(whole.records));
    expect(await everythingOf(second)).toEqual(await everythingOf(whole));
    expect(valuesOf(second.records, "samples").at(-1)!.value).toEqual(valuesOf(whole.records, "samples").at(-1)!.value);
  });

  test("long enough for its batches to be drawn ahead ends with the bits of one that ran through", async () => {
    const config = { train: { steps: 120, checkpointEvery: 200 } };
    const long = smallPipeline({ config, without: ["samples", "evaluate"] });
    const through = await carryOut(await newRun(long));
    const folder = await newRun(long);
    const first = await carryOut(folder, {
      onRecord: (event, stop) => {
        if (event.channel === "loss" && event.step === 90) stop();
      },
    });
    const second = await carryOut(folder);
    expect(second.outcome).toBe("succeeded");
    expect(stepsOf([...first.records, ...second.records])).toEqual(stepsOf(through.records));
    expect(await everythingOf(second)).toEqual(await everythingOf(through));
  });

  test("leaves no thread behind that draws batches", async () => {
    const threads: Worker[] = [];
    const notice = (thread: Worker) => threads.push(thread);
    process.on("worker", notice);
    const stopped = await carryOut(await newRun(trainOnly), {
      onRecord: (event, stop) => {
        if (event.channel === "loss") stop();
      },
    });
    expect(stopped.outcome).toBe("stopped");
    const failed = await carryOut(await newRun(trainOnly), {
      onRecord: (event) => {
        if (event.channel === "loss") throw new Error("a crash");
      },
    });
    expect(failed.outcome).toBe("failed");
    process.off("worker", notice);
    expect(threads).toHaveLength(2); // one for each run's source
    for (const { threadId } of threads) expect(threadId).toBe(-1); // it has ended
  });

  test("after a crash takes up after its last checkpoint, and its log tells of each step once", async () => {
    const folder = await newRun(trainOnly);
    await carryOut(folder, {
      onRecord: (event) => {
        if (event.channel === "loss" && event.step === 5) throw new Error("a crash"); // steps 4 and 5 are lost
      },
    });
    writeFileSync(join(folder, checkpointFolder, ".torn.partial"), "half a checkpoint");
    const second = await carryOut(folder);
    expect(stepsOf(second.records).map(({ step }) => step)).toEqual([4, 5, 6]);
    expect(await everythingOf(second)).toEqual({ ...(await everythingOf(whole)) });
    const { loss } = foldRecords(emptyRun(), await readRecords(folder)).channels;
    expect(loss.total.xs).toEqual([1, 2, 3, 4, 5, 6]);
    expect(loss.total.ys).toEqual(stepsOf(whole.records).map(({ loss }) => loss));
  });

  test("while it judges does not train again", async () => {
    const folder = await newRun(smallPipeline());
    const first = await carryOut(folder, {
      onRecord: (event, stop) => {
        if (event.channel === "node" && (event.value as { node: string }).node === "evaluate") stop();
      },
    });
    expect(first.outcome).toBe("stopped");
    expect(valuesOf(first.records, "results")).toEqual([]);
    const second = await carryOut(folder);
    expect(second.outcome).toBe("succeeded");
    expect(stepsOf(second.records)).toEqual([]);
    expect(valuesOf(second.records, "results")).toHaveLength(1);
  });
});

describe("a run that is paused", () => {
  test("goes on from the checkpoint before where the newest is damaged, tells so, and ends the same", async () => {
    const folder = await newRun(trainOnly);
    await carryOut(folder, {
      onRecord: ({ channel, step }, stop) => channel === "loss" && step === 5 && stop(),
    });
    const place = join(folder, checkpointFolder);
    expect(await readdir(place)).toHaveLength(2);
    const newest = join(place, (await readdir(place)).sort().at(-1)!);
    truncateSync(newest, statSync(newest).size - 1);
    await writeFile(join(place, ".1f.partial"), "left by a process that was killed");
    const { outcome, records } = await carryOut(folder);
    expect(outcome).toBe("succeeded");
    expect(valuesOf(records, "run")[0]!.value.from).toBe(3);
    const [warning] = valuesOf(records, "message").map(({ value }) => value);
    expect(warning!.level).toBe("warning");
    expect(warning!.message).toContain("The checkpoint of step 3 is taken instead");
    expect(stepsOf(records)).toEqual(stepsOf(whole.records).slice(3));
    expect(await readdir(place)).not.toContain(".1f.partial");
  });

  test("keeps so many checkpoints as it is told, and the one of the lowest loss", async () => {
    const train = { steps: 6, checkpointEvery: 1, keepLast: 2 };
    const { folder, records } = await carryOut(
      await newRun(smallPipeline({ without: ["samples", "evaluate"], config: { train } })),
    );
    const losses = stepsOf(records).map(({ loss }) => loss!);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    const kept = new Set([best, 5, 6]);
    expect(await readdir(join(folder, checkpointFolder))).toEqual([...kept].sort().map(checkpointFile));
    expect((await newestOf(folder)).losses?.best?.step).toBe(best);
  });

  test("rests between two steps with a checkpoint, and goes on as if nothing had happened", async () => {
    const folder = await newRun(trainOnly);
    let paused = false;
    let rested: number[] = [];
    const seen: number[] = [];
    const { outcome, records } = await carryOut(folder, {
      onRecord: (event) => {
        if (event.channel !== "loss") return;
        seen.push(event.step!);
        if (event.step === 2) paused = true;
      },
      control: {
        paused: () => paused,
        wait: async () => {
          rested = [...seen];
          expect((await newestOf(folder)).step).toBe(2);
          paused = false;
        },
      },
    });
    expect(outcome).toBe("succeeded");
    expect(rested).toEqual([1, 2]);
    expect(stepsOf(records)).toEqual(stepsOf(whole.records));
  });

  test("rests while it judges, too", async () => {
    let judging = false;
    let rests = 0;
    const config = { train: { steps: 1 } };
    const { outcome, records } = await carryOut(await newRun(smallPipeline({ config })), {
      onRecord: (event) => {
        if (event.channel === "node" && (event.value as { node: string }).node === "evaluate") judging = true;
      },
      control: {
        paused: () => judging && rests === 0,
        wait: async () => {
          rests++;
        },
      },
    });
    expect(outcome).toBe("succeeded");
    expect(rests).toBe(1);
    expect(valuesOf(records, "results")).toHaveLength(1);
  });

  test("can be stopped while it rests", async () => {
    let end = () => {};
    const { outcome, records } = await carryOut(await newRun(trainOnly), {
      onRecord: (_event, stop) => {
        end = stop;
      },
      control: { paused: () => true, wait: async () => end() },
    });
    expect(outcome).toBe("stopped");
    expect(stepsOf(records)).toHaveLength(1);
  });
});

describe("those who look on", () => {
  test("see the same held-out images before the first step, every so many, and after the last", async () => {
    const samples = valuesOf(whole.records, "samples");
    expect(samples.map(({ step }) => step)).toEqual([0, 3, 6]);
    const labels = samples.map(({ value }) => value.map(({ label }) => label));
    expect(labels[0]).toHaveLength(2);
    expect(labels[1]).toEqual(labels[0]);
    for (const image of [0, 1]) {
      const { width, height, format } = await sharp(join(whole.folder, pinnedFile(image))).metadata();
      expect({ width, height, format }).toEqual({ width: 16, height: 16, format: "png" });
    }
  });

  test("write what each token attends to, as weights that sum to 1", async () => {
    expect(valuesOf(whole.records, "attention").map(({ value }) => value.file)).toEqual([0, 3, 6].map(attentionFile));
    for (const step of [0, 3, 6]) {
      const frame = readFrame(JSON.parse(await readFile(join(whole.folder, attentionFile(step)), "utf8")));
      expect(frame).toMatchObject({ step, grid: { rows: 2, columns: 2 } });
      const layers = [0, 1].map((layer) => ({ path: [`gated_cross_attn_layers.${layer}`], type: "GatedXattnDense" }));
      expect(frame.layers).toEqual(
        layers.map((layer) => ({ node: "language", ...layer, gate: expect.any(Number) as number })),
      );
      const tanh = valuesOf(whole.records, "gates").find((each) => each.step === step)?.value as number[] | undefined;
      // Each layer's gate of the cross-attention comes before that of the feed-forward.
      frame.layers.forEach(({ gate }, layer) => {
        expect(gate).toBeCloseTo(tanh?.[2 * layer] ?? 0, 6);
      });
      const samples = valuesOf(whole.records, "samples").find((each) => each.step === step)!.value;
      frame.images.forEach((image, index) => {
        expect(image.tokens[0]).toBe("<image>");
        expect(image.tokens.at(-1)).toBe("<|endofchunk|>");
        expect(image.label).toBe(samples[index]!.label);
        expect(image.cross).toHaveLength(2);
        expect(image.heads).toHaveLength(2);
        for (const layer of image.cross) {
          expect(layer).toHaveLength(image.tokens.length);
          for (const shares of layer) expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3);
        }
        expect(image.resampler).toHaveLength(2);
        for (const shares of image.resampler) {
          expect(shares).toHaveLength(4);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3);
        }
      });
    }
  });
});

describe("memory", () => {
  test("no tensor more is held after step 60 than after step 10, and none after the run", async () => {
    const before = countTensors();
    const held = new Map<number, number>();
    const config = { train: { steps: 60, checkpointEvery: 20 }, samples: { every: 15 } };
    await carryOut(await newRun(smallPipeline({ config, without: ["evaluate"] })), {
      onRecord: (event) => {
        if (event.channel === "loss") held.set(event.step!, countTensors());
      },
    });
    expect(held.get(60)).toBe(held.get(10));
    expect(countTensors()).toBe(before);
  });
});

test("on the reference device a run trains and judges as well", async () => {
  const config = {
    data: { batch: 1, imageSize: 8 },
    encoder: { imageSize: 8 },
    train: { steps: 1 },
    evaluate: { examples: 1 },
  };
  const pipeline = smallPipeline({ config, without: ["samples"] });
  const [reference, fast] = [
    await carryOut(await newRun(pipeline), { device: "cpu" }),
    await carryOut(await newRun(pipeline)),
  ];
  for (const { outcome, error } of [reference, fast]) expect({ outcome, error }).toEqual({ outcome: "succeeded" });
  expect(stepsOf(reference.records)[0]!.loss).toBeCloseTo(stepsOf(fast.records)[0]!.loss!, 4);
  const rightOf = ({ records }: Carried) =>
    valuesOf(records, "results")[0]!.value.metrics.find(({ metric }) => metric === "logLikelihood")!.value;
  expect(rightOf(reference)).toBeCloseTo(rightOf(fast), 3);
});
