import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "../../src/channels/channel.ts";
import type { Execution } from "../../src/command/execution.ts";
import { Progress, statusLine } from "../../src/command/progress.ts";
import { withImages } from "../../src/command/withImages.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { catalog } from "../../src/execution/registry.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { readRun } from "../../src/runs/folder.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { fakePipeline } from "../runs/fakeLibrary.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { callFlamingo } from "./callFlamingo.ts";

/** A folder with a pipeline file and a place for the run. */
function workplace(changes: Record<string, unknown> = {}) {
  const folder = temporaryFolder();
  const file = join(folder, "pipeline.json");
  writeFileSync(file, JSON.stringify(fakePipeline(changes)));
  return { folder, file, out: join(folder, "run") };
}

describe("flamingo run", () => {
  test("with --json prints the log: one valid record a line", async () => {
    const { file, out } = workplace();
    const { code, out: printed, err } = await callFlamingo(["run", file, "--out", out, "--steps", "7", "--json"]);
    expect(err).toBe("");
    expect(code).toBe(0);
    const events = printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as LogRecord);
    expect(events).toEqual(await readRecords(out));
    expect(events.at(-1)).toMatchObject({ channel: "status", value: { status: "succeeded" } });
    expect(events.filter(({ channel }) => channel === "loss")).toHaveLength(7);
  });

  test("takes a template by its name, as flamingo train does", async () => {
    const { out } = workplace();
    const started: string[] = [];
    const execute: Execution["execute"] = async ({ folder }) => {
      started.push((await readRun(folder)).name);
      return "stopped";
    };
    for (const [index, command] of ["run", "train"].entries())
      await callFlamingo([command, "emoji-captions", "--out", `${out}${index}`], { execute, catalog });
    expect(started).toEqual(["Emoji captions", "Emoji captions"]);
  });

  test("without --json tells how it goes in plain lines", async () => {
    const { file, out } = workplace();
    const { code, out: printed } = await callFlamingo(["run", file, "--out", out]);
    expect(code).toBe(0);
    expect(printed).toContain("seed 0, on auto");
    expect(printed).toContain("4 of 10 parameters are trainable");
    expect(printed).not.toContain("\u001b");
    expect(printed).toMatch(/succeeded after \d+ s {2}loss \d\.\d+ {2}gates 0\.020 \(up to 0\.020\)\n$/);
  });

  test("tells on the way how much of a step waits for data", async () => {
    const { file, out } = workplace();
    await callFlamingo(["run", file, "--out", out]);
    const events = await readRecords(out);
    const until = events.findLastIndex(({ value }) => (value as { activity?: string }).activity === "training");
    const state = foldRecords(emptyRun(), events.slice(0, until + 1));
    expect(statusLine(state, state.updated!)).toMatch(/^training 20\/20 {2}loss .* {2}data 2% of step$/);
  });

  test.each([
    [16e9, "needs 41 GB of 16 GB of memory"],
    [undefined, "needs 41 GB of memory; the device does not report how much it has"],
  ])("tells what memory is needed where the device has %s", (has, expected) => {
    let printed = "";
    const progress = new Progress({ isTTY: false, write: (text: string) => (printed += text) } as never);
    progress.show({
      seq: 0,
      time: 0,
      channel: "memory",
      value: { needs: 41e9, ...(has === undefined ? {} : { has }) },
    });
    expect(printed).toBe(`${expected}\n`);
  });

  test.each([
    [["--seed", "-1.5"], '--seed is "-1.5", expected a whole number of at least 0'],
    [["--steps", "-3"], '--steps is "-3", expected a whole number of at least 1'],
    [["--seed"], "--seed needs a value"],
    [["--out", "--json"], "--out needs a value"],
    [["--json=1"], "--json takes no value"],
    [["--bad"], "there is no option --bad"],
  ])("%s is refused in our words", async (args, said) => {
    const { file } = workplace();
    const { code, err } = await callFlamingo(["run", file, ...args]);
    expect(code).toBe(2);
    expect(err).toContain(`USAGE: ${said}. Fix: call it as flamingo run`);
  });

  test("goes on while the clock is behind", async () => {
    const { file, out } = workplace();
    await callFlamingo(["run", file, "--out", out, "--steps", "20"]);
    let printed = "";
    const progress = new Progress({ isTTY: true, write: (text: string) => (printed += text) } as never);
    const records = await readRecords(out);
    const training = records.filter(({ channel }) => channel === "node" || channel === "loss" || channel === "run");
    // An hour back after the fifth record, and then a second from each to the next.
    training.forEach((record, index) => {
      progress.show({ ...record, time: index < 5 ? record.time : record.time - 3_600_000 + index * 1000 });
    });
    expect(printed.split("\r\u001b[K").filter((line) => line.includes("training")).length).toBeGreaterThan(5);
  });

  test("on a terminal redraws one line, and not for every step", async () => {
    const { file, out } = workplace();
    const { out: printed } = await callFlamingo(["run", file, "--out", out, "--steps", "60"], { isTTY: true });
    const drawn = printed.split("\r\u001b[K").filter((line) => line.includes("loss"));
    expect(drawn.length).toBeGreaterThan(0);
    expect(drawn.length).toBeLessThan(10);
  });

  test("makes a folder of its own in the home folder", async () => {
    const home = temporaryFolder();
    const { file } = workplace({ name: "Emoji captions!" });
    const { out } = await callFlamingo(["run", file, "--steps", "1", "--seed", "5"], { home });
    const folder = /run folder: (.*)/.exec(out)![1]!;
    expect(folder).toMatch(/runs\/emoji-captions-\d{8}-\d{6}-[0-9a-f]{4}$/);
    expect(JSON.parse(readFileSync(join(folder, "run.json"), "utf8"))).toMatchObject({ seed: 5, steps: 1 });
  });

  test("interrupted stops with a checkpoint, says how to go on, and resume goes on from there", async () => {
    const { file, out } = workplace();
    const stopped = await callFlamingo(["run", file, "--out", out, "--steps", "50", "--json"], {
      interruptAt: '"step":5',
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain("flamingo resume ");
    const before = foldRecords(emptyRun(), await readRecords(out));
    expect(before.status).toBe("stopped");
    expect(before.checkpoints.at(-1)?.step).toBe(before.step);
    const resumed = await callFlamingo(["resume", out, "--json"]);
    expect(resumed.code).toBe(0);
    const after = foldRecords(emptyRun(), await readRecords(out));
    expect(after.status).toBe("succeeded");
    expect(after.channels.loss.total.xs).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect((await callFlamingo(["resume", out])).err).toMatch(/^CONFLICT: .*\. Fix: .*\n$/);
  });

  test("that fails prints its one line, keeps the run and exits with 1", async () => {
    const { file, out } = workplace({ name: "fails" });
    const { code, err } = await callFlamingo(["run", file, "--out", out]);
    expect(code).toBe(1);
    expect(err).toMatch(/^NON_FINITE: the loss is NaN\. Fix: lower the learning rate\nto go on: flamingo resume .*\n$/);
    expect((await readRecords(out)).at(-1)).toMatchObject({
      value: { status: "failed", error: { code: "NON_FINITE" } },
    });
  });

  test("that fails because of its pipeline is not to be resumed, which would fail again", async () => {
    const { file, out } = workplace({ name: "misfits" });
    const { code, err } = await callFlamingo(["run", file, "--out", out]);
    expect(code).toBe(1);
    expect(err).toBe("INVALID_CONFIG: depth is 0, expected a whole number above 0. Fix: set it\n");
  });

  test("with a fault of our own prints no stack, and names the file that has it", async () => {
    const home = temporaryFolder();
    const { file, out } = workplace({ name: "faults" });
    const { code, err } = await callFlamingo(["run", file, "--out", out], { home });
    expect(code).toBe(1);
    expect(err).toMatch(/^INTERNAL: x is not a function at all\. Fix: report .*\n/);
    expect(err).not.toContain("    at ");
    const stack = /what is in (\S+)/.exec(err)![1]!;
    expect(stack.startsWith(home)).toBe(true);
    expect(readFileSync(stack, "utf8")).toContain("fakeExecute");
  });

  test("leaves a run that is there as it is", async () => {
    const { file, out } = workplace();
    await callFlamingo(["run", file, "--out", out, "--steps", "2"]);
    const before = readFileSync(join(out, "events.jsonl"), "utf8");
    const { code, err } = await callFlamingo(["run", file, "--out", out]);
    expect(code).toBe(1);
    expect(err).toMatch(/^RUN_FOLDER: .* holds a run already\. Fix: .*\n$/);
    expect(readFileSync(join(out, "events.jsonl"), "utf8")).toBe(before);
  });
});

describe("--images", () => {
  test("names the folder of a pipeline that reads one, and changes nothing else", () => {
    const nodes = { images: { type: "ImageFolder", config: { folder: "x", batch: 3 } }, train: { type: "Train" } };
    const read = parsePipeline(fakePipeline({ version: 3, nodes, edges: [] }), "the test");
    const given = withImages(read, "/pictures", "own.json");
    expect(given.nodes.images!.config).toEqual({ folder: "/pictures", batch: 3 });
    expect(given.nodes.train).toEqual(read.nodes.train);
  });

  test("is refused where a pipeline reads none", async () => {
    const { file, out } = workplace();
    const { code, err } = await callFlamingo(["run", file, "--images", "pictures", "--out", out]);
    expect(code).toBe(1);
    expect(err).toMatch(/^INVALID_PIPELINE: .*pipeline\.json reads no folder of images\. Fix: /);
    expect(existsSync(out)).toBe(false);
  });
});

describe("bad input is one clear line, a non-zero exit, and leaves no run behind", () => {
  const train = { type: "Train" };
  const numbers = { type: "Numbers" };
  const layer = { type: "Layer" };
  const wire = (from: string, to: string) => ({ from: from.split("."), to: to.split(".") });
  const cases: [string, string, string | object][] = [
    ["a file that is no JSON", "INVALID_PIPELINE", "{ not JSON"],
    ["a file that is no pipeline", "INVALID_PIPELINE", { hello: 1 }],
    ["a newer version", "NEWER_PIPELINE", fakePipeline({ version: 99 })],
    ["an unknown node", "UNKNOWN_BLOCK", fakePipeline({ nodes: { train, numbers, layer: { type: "Mamba" } } })],
    ["a node whose type every object has", "INVALID_PIPELINE", fakePipeline({ nodes: { a: { type: "toString" } } })],
    [
      "a wire from what every object has",
      "INVALID_PIPELINE",
      fakePipeline({ edges: [wire("toString.a", "train.loss")] }),
    ],
    [
      "a cycle",
      "CYCLE",
      fakePipeline({ nodes: { a: layer, b: layer }, edges: [wire("a.out", "b.in"), wire("b.out", "a.in")] }),
    ],
    [
      "shapes that disagree",
      "SHAPE_MISMATCH",
      fakePipeline({ nodes: { train, numbers: { ...numbers, config: { width: 7 } }, layer } }),
    ],
    [
      "a wrong configuration",
      "INVALID_CONFIG",
      fakePipeline({ nodes: { train, numbers: { ...numbers, config: { width: -1 } }, layer } }),
    ],
    ["an input without a wire", "MISSING_INPUT", fakePipeline({ edges: [wire("numbers.out", "layer.in")] })],
    ["nothing to run", "NO_ACTION", fakePipeline({ nodes: { numbers }, edges: [] })],
  ];
  test.each(cases)("%s: %s", async (_, expected, content) => {
    const { file, out } = workplace();
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    const { code, out: printed, err } = await callFlamingo(["run", file, "--out", out]);
    expect(err).toMatch(new RegExp(`^${expected}: .+[.?!] Fix: .+\n$`));
    expect(code).toBe(1);
    expect(printed).toBe("");
    expect(existsSync(out)).toBe(false);
  });

  test("a file that is not there", async () => {
    const { code, err } = await callFlamingo(["run", "nowhere.json"]);
    expect(err).toMatch(/^NOT_FOUND: .*nowhere\.json.*\. Fix: .*\n$/);
    expect(code).toBe(1);
  });

  test("a misspelled template or file is told by the name that was probably meant", async () => {
    const { file, folder } = workplace();
    for (const [args, meant] of [
      [["run", "emoji-captoins"], "emoji-captions"],
      [["train", "emoji-captoins"], "emoji-captions"],
      [["run", join(folder, "pipelnie.json")], file],
      [["ablate", "tabel-3"], "table-3"],
    ] as const) {
      const { code, err } = await callFlamingo([...args]);
      expect(err).toMatch(/^NOT_FOUND: there is no (file|template) /);
      expect(err).toContain(`Fix: did you mean ${meant}? If not, name `);
      expect(code).toBe(1);
    }
    const { out } = workplace();
    await callFlamingo(["run", file, "--out", out]);
    for (const args of [
      ["log", `${out}s`],
      ["report", `${out}s`],
      ["resume", `${out}s`],
      ["generate", `${out}s`, "a.png"],
    ]) {
      const { code, err } = await callFlamingo(args);
      expect(err).toBe(
        `RUN_FOLDER: there is no run ${out}s. Fix: did you mean ${out}? If not, name the folder of a run, or its id\n`,
      );
      expect(code).toBe(1);
    }
    const { code, err } = await callFlamingo(["trian"]);
    expect(err).toMatch(
      /^USAGE: there is no command "trian"\. Fix: did you mean train\? If not, call it as flamingo COMMAND/,
    );
    expect(code).toBe(2);
  });

  test("a device that is not there", async () => {
    const { file, out } = workplace();
    const { code, err } = await callFlamingo(["run", file, "--out", out, "--device", "webgpu"]);
    expect(err).toMatch(/^DEVICE_UNAVAILABLE: .*\. Fix: .*\n$/);
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  test("a run folder that cannot be written", async () => {
    const { file } = workplace();
    const { code, err } = await callFlamingo(["run", file, "--out", join(file, "run")]);
    expect(err).toMatch(/^RUN_FOLDER: .*\. Fix: .*\n$/);
    expect(code).toBe(1);
  });

  test("a folder that holds no run, to resume, judge and generate", async () => {
    const folder = temporaryFolder();
    for (const args of [
      ["resume", folder],
      ["evaluate", folder],
      ["generate", folder, "a.png"],
    ]) {
      const { code, err } = await callFlamingo(args);
      expect(err).toMatch(/^RUN_FOLDER: .*\. Fix: .*\n$/);
      expect(code).toBe(1);
    }
  });

  test.each([
    [["run"]],
    [["run", "a.json", "b.json"]],
    [["run", "a.json", "--stepz", "3"]],
    [["run", "a.json", "--steps", "0"]],
    [["run", "a.json", "--steps", "1e3"]],
    [["run", "a.json", "--seed=-1"]],
    [["start", "--port", "70000"]],
    [["fly"]],
  ])("the call %j is a USAGE error, exit 2", async (args) => {
    const { code, err } = await callFlamingo(args);
    expect(err).toMatch(/^USAGE: .+\. Fix: .+\n$/);
    expect(code).toBe(2);
  });
});

describe("a trained run", () => {
  async function trained(): Promise<string> {
    const { file, out } = workplace();
    await callFlamingo(["run", file, "--out", out]);
    return out;
  }

  test("is judged, with counts and intervals", async () => {
    const folder = await trained();
    const { out } = await callFlamingo(["evaluate", folder]);
    expect(out).toContain("Unseen style\n");
    expect(out).toMatch(/Exact caption +25\.0% {2}\[4\.6%, 70\.0%\] {2}1 of 4/);
    const { out: json } = await callFlamingo(["evaluate", folder, "--set", "other", "--json"]);
    expect(JSON.parse(json)).toMatchObject({ set: "other", metrics: [{ metric: "exactCaption", hits: 1, count: 4 }] });
  });

  test("gives what was watched in it as text, as CSV and as JSON, a row for each step", async () => {
    const folder = await trained();
    const text = await callFlamingo(["log", folder]);
    expect(text.out).toMatch(/^succeeded after .*loss[\s\S]*loss \(nats per token\) over step\n/);
    const { out: csv } = await callFlamingo(["log", folder, "--channel", "optimizer", "--csv"]);
    const lines = csv.trimEnd().split("\r\n");
    expect(lines[0]).toBe("step,learning_rate,gradient_norm");
    expect(lines[1]).toBe("1,0.001,1");
    expect(lines).toHaveLength(21);
    const { out: json } = await callFlamingo(["log", folder, "--channel", "loss", "--json"]);
    expect(
      json
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))[4],
    ).toEqual({ step: 5, loss: 1 });
    const { out: all } = await callFlamingo(["log", folder, "--json"]);
    expect(all).toContain('{"channel":"gates","step":20,');
    for (const wrong of [["--csv"], ["--csv", "--json", "--channel", "loss"]])
      expect(await callFlamingo(["log", folder, ...wrong])).toMatchObject({ code: 2 });
    expect((await callFlamingo(["log", folder, "--channel", "x"])).err).toMatch(/^NOT_FOUND: .*loss, gates/);
  });

  test("is found by its id, too", async () => {
    const home = temporaryFolder();
    const { file } = workplace();
    await callFlamingo(["run", file], { home });
    const [id] = readdirSync(join(home, "runs"));
    expect((await callFlamingo(["log", id!], { home })).out).toMatch(/^succeeded after /);
    expect((await callFlamingo(["log", `${id}x`], { home })).err).toContain(`did you mean ${id}?`);
  });

  test("captions images, in order", async () => {
    const { out } = await callFlamingo(["generate", await trained(), "cat.png", "dog.png"]);
    expect(out).toBe("cat.png\ta cat\ndog.png\ta dog\n");
  });

  test("captions the images that can be read, names each of the others, and fails at the end", async () => {
    const caption: Execution["caption"] = async ({ images }) =>
      images.map((image) =>
        image.startsWith("bad")
          ? new FlamingoError("CORRUPT_IMAGE", `${image} is none`, { fix: "give a picture" })
          : "a cat",
      );
    const images = ["bad1.png", "cat.png", "bad2.png"];
    const errors = ["bad1.png", "bad2.png"].map((image) => `CORRUPT_IMAGE: ${image} is none. Fix: give a picture\n`);
    const folder = await trained();
    const plain = await callFlamingo(["generate", folder, ...images], { caption });
    expect(plain).toEqual({ code: 1, out: "cat.png\ta cat\n", err: errors.join("") });
    const { out, code } = await callFlamingo(["generate", folder, ...images, "--json"], { caption });
    expect([JSON.parse(out), code]).toEqual([{ image: "cat.png", caption: "a cat" }, 1]);
  });
});

test("every command has help", async () => {
  const { out } = await callFlamingo(["--help"]);
  for (const name of ["start", "run", "train", "generate", "evaluate", "resume", "doctor"]) {
    expect(out).toContain(`  ${name} `);
    const { code, out: help } = await callFlamingo([name, "--help"]);
    expect(code).toBe(0);
    expect(help).toContain(`flamingo ${name}`);
  }
});

test("doctor takes no argument, and says so", async () => {
  const { code, err } = await callFlamingo(["doctor", "x"]);
  expect(code).toBe(2);
  expect(err).toBe("USAGE: doctor takes no argument. Fix: call it as flamingo doctor\n");
});

test("doctor names Node, every device with its reason, and the disk", async () => {
  const { code, out } = await callFlamingo(["doctor"]);
  expect(code).toBe(0);
  expect(out).toContain(process.versions.node);
  expect(out).toMatch(/auto +cpu: the only one/);
  expect(out).toMatch(/webgpu +the device webgpu is not there \(ask for auto\)/);
  expect(out).toMatch(/disk +[\d.]+ GB free/);
});

describe("flamingo log and flamingo report", () => {
  test("write an event file, and a page that needs nothing but itself", async () => {
    const { file, out, folder } = workplace();
    await callFlamingo(["run", file, "--out", out]);
    const events = await callFlamingo(["log", out, "--tensorboard", join(folder, "events")]);
    expect(events.err).toBe("");
    expect(events.out).toMatch(/events\.out\.tfevents\.\d+\.\S+: \d+ scalars, 0 histograms, 0 images, 0 texts\n$/);
    expect((await callFlamingo(["log", out, "--tensorboard", "x", "--csv"])).code).toBe(2);
    const page = join(folder, "page.html");
    const written = await callFlamingo(["report", out, "--out", page]);
    expect([written.err, written.out]).toEqual(["", `${page}\n`]);
    const html = readFileSync(page, "utf8");
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain("<h2>Loss</h2>");
    expect(html).toContain("<svg");
    expect(html).not.toMatch(/<script|src="(?!data:)|href="http|url\(/);
  });
});
