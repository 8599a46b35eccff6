import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { captionImages } from "../../src/execution/captionImages.ts";
import { evaluateRun } from "../../src/execution/evaluateRun.ts";
import { type Pipeline, parsePipeline } from "../../src/pipeline/schema.ts";
import { channelFigure } from "../../src/runs/channelFigure.ts";
import { checkpointFolder } from "../../src/runs/folder.ts";
import { readRecords } from "../../src/runs/reader.ts";
import type { RecordSink } from "../../src/runs/record.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { loadWeights, saveWeights } from "../../src/weights/file.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { type Carried, carryOut, images, newestOf, newRun, smallPipeline, stepsOf, valuesOf } from "./smallRun.ts";

/** What the disk does, and where pretrained weights lie, for the tests that ask for it. */
const world = vi.hoisted(() => ({ full: false, pretrained: undefined as string | undefined }));
vi.mock(import("../../src/weights/file.ts"), async (original) => {
  const file = await original();
  return {
    ...file,
    saveWeights: (...args: Parameters<typeof file.saveWeights>) =>
      world.full
        ? Promise.reject(Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }))
        : file.saveWeights(...args),
  };
});
vi.mock(import("../../src/weights/pretrained.ts"), async (original) => {
  const real = await original();
  return { ...real, pretrainedFile: (name) => world.pretrained ?? real.pretrainedFile(name) };
});
afterEach(() => {
  world.full = false;
  world.pretrained = undefined;
});

const trainOnly = smallPipeline({ without: ["samples", "evaluate"] });

/** A pipeline with a field of a node changed that is not in its configuration. */
function withNode(pipeline: Pipeline, id: string, change: Partial<Pipeline["nodes"][string]>): Pipeline {
  return { ...pipeline, nodes: { ...pipeline.nodes, [id]: { ...pipeline.nodes[id]!, ...change } } };
}

/** Where the log says that it failed, and that the run's end says the same. */
async function failedNode({ folder, error, records }: Carried): Promise<string | undefined> {
  const log = await readRecords(folder);
  expect(log.slice(-records.length)).toEqual(records);
  expect(valuesOf(log, "status").at(-1)!.value).toMatchObject({ status: "failed", error: { code: error!.code } });
  const failed = valuesOf(records, "node").filter(({ value }) => value.state === "failed");
  expect(failed.length).toBeLessThan(2);
  return failed[0]?.value.node;
}

describe("a disk that refuses", () => {
  test("a full disk fails the run with one clear error, and what it had goes on to the same end", async () => {
    const folder = await newRun(trainOnly);
    const failed = await carryOut(folder, {
      onRecord: (event) => {
        if (event.channel === "checkpoint") world.full = true; // after the one of step 3
      },
    });
    expect(failed.error).toMatchObject({ code: "DISK_FULL", fix: "free some space, then resume the run" });
    expect(failed.error!.message).toBe(`the disk of ${folder} is full`);
    expect(await failedNode(failed)).toBe("train");
    expect((await newestOf(folder)).step).toBe(3);
    world.full = false;
    const resumed = await carryOut(folder);
    expect(resumed.outcome).toBe("succeeded");
    const through = await carryOut(await newRun(trainOnly));
    expect(stepsOf(resumed.records)).toEqual(stepsOf(through.records).slice(3));
  });

  test("a checkpoint folder that cannot be written fails it with one clear error, and loses no step of the log", async () => {
    const folder = await newRun(trainOnly);
    rmSync(join(folder, checkpointFolder), { recursive: true });
    writeFileSync(join(folder, checkpointFolder), "a file in the way");
    const failed = await carryOut(folder);
    expect(failed.error).toMatchObject({ code: "RUN_FOLDER", fix: "choose another folder, or mend this one" });
    expect(failed.error!.message).toBe(`the folder ${folder} cannot be used: a file of that name is in the way`);
    expect(await failedNode(failed)).toBe("train");
    expect(stepsOf(await readRecords(folder))).toHaveLength(3);
  });

  test("a picture that cannot be written is told at the node that wrote it", async () => {
    const folder = await newRun(smallPipeline());
    mkdirSync(join(folder, "pinned-1.png"));
    const failed = await carryOut(folder);
    expect(failed.error).toMatchObject({ code: "RUN_FOLDER" });
    expect(await failedNode(failed)).toBe("samples");
  });
});

describe("pretrained weights", () => {
  test("of an unknown name are not found, before any data is opened", async () => {
    const failed = await carryOut(await newRun(withNode(trainOnly, "encoder", { weights: "no-such" })));
    expect(failed.error).toMatchObject({
      code: "NOT_FOUND",
      message: 'there are no pretrained weights named "no-such"',
    });
    expect(failed.error!.fix).toMatch(/^use one of: /);
    expect(await failedNode(failed)).toBe("encoder");
    expect(valuesOf(failed.records, "node").filter(({ value }) => value.node === "data")).toEqual([]);
  });

  test("fill a node; what a frozen node lacks is refused, and what finds no place is told", async () => {
    const seen = await carryOut(await newRun(withNode(trainOnly, "encoder", { frozen: false })));
    const made = join(seen.folder, "weights", "encoder.safetensors");
    const { tensors } = await loadWeights(made);
    const pipeline = withNode(trainOnly, "encoder", { weights: "made" });

    const more = join(seen.folder, "more.safetensors");
    const extra = { dtype: "F32" as const, shape: [1], data: new Float32Array(1) };
    await saveWeights(more, [...tensors, ["stage9.conv.bias", extra]]);
    world.pretrained = more;
    const filled = await carryOut(await newRun(pipeline));
    expect(filled.outcome).toBe("succeeded");
    expect(
      valuesOf(filled.records, "message").map(({ value: { level, message } }) => ({ level, message })),
    ).toContainEqual({
      level: "warning",
      message: '"encoder" has no place for 1 of the weights of "made": stage9.conv.bias',
    });
    const random = await carryOut(await newRun(trainOnly));
    expect(stepsOf(filled.records)[0]!.loss).toBe(stepsOf(random.records)[0]!.loss); // closed gates: nothing is seen yet
    expect(stepsOf(filled.records)[3]!.loss).not.toBe(stepsOf(random.records)[3]!.loss);

    const fewer = join(seen.folder, "fewer.safetensors");
    await saveWeights(
      fewer,
      [...tensors].filter(([name]) => name !== "norm.bias"),
    );
    world.pretrained = fewer;
    const lacking = await carryOut(await newRun(pipeline));
    expect(lacking.error).toMatchObject({
      code: "INVALID_WEIGHTS",
      message: '"made" does not fit "encoder": it lacks 1 frozen weight: norm.bias',
    });
    expect(await failedNode(lacking)).toBe("encoder");
  });

  test("of another shape are refused", async () => {
    const seen = await carryOut(await newRun(withNode(trainOnly, "encoder", { frozen: false })));
    world.pretrained = join(seen.folder, "weights", "encoder.safetensors");
    const config = { encoder: { visualDim: 8 }, resampler: { visualDim: 8 }, language: { visualDim: 8 } };
    const narrow = smallPipeline({ without: ["samples", "evaluate"], config });
    const failed = await carryOut(await newRun(withNode(narrow, "encoder", { weights: "made" })));
    expect(failed.error).toMatchObject({ code: "INVALID_WEIGHTS" });
    expect(failed.error!.message).toMatch(
      /^"made" does not fit "encoder": "encoder.stage1.conv.weight" has shape \[.+\], but \[.+\] in the file, "/,
    );
    expect(await failedNode(failed)).toBe("encoder");
  });
});

describe("a pipeline that cannot work", () => {
  const failing = async (pipeline: Pipeline) => {
    const before = countTensors();
    const failed = await carryOut(await newRun(pipeline));
    expect(failed.outcome).toBe("failed");
    expect(countTensors()).toBe(before);
    return failed;
  };

  test("a vocabulary smaller than the tokenizer's is told, with the token and the sizes", async () => {
    const config = { language: { vocabulary: 50, imageToken: 50 } };
    const failed = await failing(smallPipeline({ config, without: ["samples", "evaluate"] }));
    expect(failed.error).toMatchObject({ code: "INVALID_CONFIG" });
    expect(failed.error!.message).toMatch(
      /^"data" does not fit the language model: its <image> token is \d+, but the imageToken of "language" is 50$/,
    );
    expect(failed.error!.fix).toMatch(/^set imageToken of "language" to \d+/);
    expect(await failedNode(failed)).toBe("data");
    const { image } = emojiTokenizer().special;
    const few = { language: { vocabulary: 50, imageToken: image } };
    const other = await failing(smallPipeline({ config: few, without: ["samples", "evaluate"] }));
    expect(other.error!.message).toMatch(/it gives token \d+, but "language" has 52 \(vocabulary and newTokens\)$/);
  });

  test("nothing to train, two trainings, an evaluation set or a metric that there is not", async () => {
    const frozen = withNode(withNode(trainOnly, "resampler", { frozen: true }), "language", { frozen: true });
    const twice = parsePipeline(
      {
        ...trainOnly,
        nodes: { ...trainOnly.nodes, again: trainOnly.nodes.train },
        edges: [...trainOnly.edges, { from: ["loss", "loss"], to: ["again", "loss"] }],
      },
      "the test",
    );
    const noSet = smallPipeline({
      without: ["samples"],
      config: { train: { steps: 1 }, evaluate: { sets: ["nowhere"] } },
    });
    expect((await failing(twice)).error).toMatchObject({
      code: "INVALID_PIPELINE",
      message: '"Small" trains at train and again, but a run trains at one',
    });
    const unknown = await failing(noSet);
    expect(unknown.error).toMatchObject({ code: "NOT_FOUND", message: 'there is no evaluation set "nowhere"' });
    expect(unknown.error!.fix).toBe("use one of: heldOut, trained");
    expect(await failedNode(unknown)).toBe("evaluate");
    const noMetric = smallPipeline({
      without: ["samples"],
      config: { train: { steps: 1 }, evaluate: { metrics: ["exactCaption", "bleu"] } },
    });
    const { error } = await failing(noMetric);
    expect(error).toMatchObject({ code: "NOT_FOUND", message: 'there is no metric "bleu"' });
    expect(error!.fix).toContain("cider");
    expect((await failing(frozen)).error).toMatchObject({ code: "INVALID_PIPELINE" });
  });

  test("a folder without images is told at the node that reads it", async () => {
    const failed = await failing(smallPipeline({ config: { data: { folder: temporaryFolder() } } }));
    expect(failed.error).toMatchObject({ code: "NO_IMAGES" });
    expect(await failedNode(failed)).toBe("data");
  });
});

describe("a corrupt image", () => {
  test("in the folder is named, counted and left out", async () => {
    const folder = temporaryFolder();
    cpSync(images, folder, { recursive: true });
    writeFileSync(join(folder, "red-star.png"), "no picture");
    const config = { data: { folder }, train: { steps: 1 } };
    const { outcome, records } = await carryOut(
      await newRun(smallPipeline({ config, without: ["samples", "evaluate"] })),
    );
    expect(outcome).toBe("succeeded");
    const [warning] = valuesOf(records, "message");
    expect(warning!.value).toMatchObject({ level: "warning", node: "data" });
    expect(warning!.value.message).toMatch(/^1 of 12 images cannot be decoded and are left out: red-star.png/);
  });
});

test("a training that comes to no finite number says so, and its log has the number at its step", async () => {
  const config = { train: { rate: 1e20, clip: 1e20, warmup: 0 } };
  const failed = await carryOut(await newRun(smallPipeline({ config, without: ["samples", "evaluate"] })));
  expect(failed.error).toMatchObject({ code: "NON_FINITE" });
  const { loss, optimizer } = foldRecords(emptyRun(), failed.records).channels;
  const last = [loss.total.last!, optimizer.norm.last!];
  expect(last.some(({ y }) => !Number.isFinite(y))).toBe(true);
  expect(failed.error!.message).toMatch(new RegExp(`at step ${last[0]!.x}; `));
  expect(failed.error!.message).toMatch(/; in the order of computation it begins at [a-z0-9_.]+$/);
  const [panel] = channelFigure(foldRecords(emptyRun(), failed.records), "optimizer")!.rows.flat().slice(1);
  expect(JSON.stringify(panel)).toContain("not finite");
});

describe("a finished run", () => {
  const quiet = { append: () => {} };

  test("captions images, and names those that are none or not there", async () => {
    const { folder } = await carryOut(await newRun(trainOnly));
    const good = join(images, "red-heart.png");
    const broken = join(temporaryFolder(), "broken.png");
    writeFileSync(broken, await readFile(good).then((bytes) => bytes.subarray(0, 30)));
    const before = countTensors();
    const options = { folder, device: "wasm", log: quiet, cache: folder };
    const captions = await captionImages({ ...options, images: [good, join(images, "blue-star.png"), good] });
    expect(captions).toHaveLength(3);
    expect(captions[2]).toBe(captions[0]);
    const missing = join(images, "nowhere.png");
    const corrupt = { code: "CORRUPT_IMAGE", message: expect.stringContaining(`${broken} cannot be read as an image`) };
    const absent = { code: "NOT_FOUND", message: `there is no file ${missing}`, details: { fix: "check the path" } };
    const [first, second, third] = await captionImages({ ...options, images: [broken, good, missing] });
    expect(second).toBe(captions[0]);
    expect([first, third]).toMatchObject([corrupt, absent]);
    expect(await captionImages({ ...options, images: [broken, missing] })).toMatchObject([corrupt, absent]);
    expect(countTensors()).toBe(before);
  });

  test("can be judged though its pipeline has no Evaluate, with the same numbers as a run that has", async () => {
    const config = { train: { steps: 2 }, evaluate: { examples: 400, longest: 8 } };
    const judged = await carryOut(await newRun(smallPipeline({ config })));
    const { folder } = await carryOut(await newRun(smallPipeline({ config, without: ["samples", "evaluate"] })));
    const results: unknown[] = [];
    const log: RecordSink = {
      append: ({ channel, value }) => {
        if (channel === "results") results.push(value.metrics);
      },
    };
    const options = { folder, device: "wasm", log, cache: folder, signal: new AbortController().signal };
    await evaluateRun({ ...options, set: "heldOut" });
    expect(results).toEqual(valuesOf(judged.records, "results").map(({ value }) => value.metrics));
    await expect(evaluateRun({ ...options, set: "nowhere" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("without a checkpoint yet says so", async () => {
    const options = { folder: await newRun(trainOnly), device: "wasm", log: quiet, cache: images };
    await expect(captionImages({ ...options, images: [] })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("has no checkpoint that can be read"),
    });
  });
});
