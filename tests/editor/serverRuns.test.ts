import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { leaseHolder } from "../../src/runs/lease.ts";
import { RunLog } from "../../src/runs/log.ts";
import { readRecords } from "../../src/runs/reader.ts";
import type { RecordBody } from "../../src/runs/record.ts";
import { fakePipeline, readFake } from "../runs/fakeLibrary.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { openStudio, Tab, type TestStudio } from "./openStudio.ts";

const folderOf = (studio: TestStudio, run: string) => join(studio.home, "runs", run);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const long = 100_000;

describe("a run that a tab starts", () => {
  test("streams its records until it has succeeded, each once and in order", async () => {
    const tab = new Tab(await openStudio());
    const run = await tab.start({ pipeline: fakePipeline(), steps: 30, seed: 3, device: "cpu" });
    await tab.until(() => tab.state(run).status === "succeeded");
    const state = tab.state(run);
    expect(state.seed).toBe(3);
    expect(state.channels.loss.total.xs).toEqual(upTo(30).map((step) => step + 1));
    expect(state.channels.gates.gates.map(({ path }) => path)).toEqual([["a"], ["b"]]);
    expect(tab.received.get(run)).toEqual(upTo(state.next));
    await tab.until(() => tab.runs[0]?.status === "succeeded");
    expect(tab.runs).toMatchObject([{ id: run, name: "fake", step: 30, steps: 30, bytes: 2 }]); // the checkpoint says "30"
  });

  test("goes on over a reload, which takes up where the page left off", async () => {
    const studio = await openStudio();
    const tab = new Tab(studio);
    const run = await tab.start({ pipeline: fakePipeline(), steps: long });
    await tab.until(() => tab.state(run).step > 5);
    tab.socket.close();
    const { next } = tab.state(run);
    const again = new Tab(studio);
    await again.request("run:watch", { run, next });
    await again.until(() => (again.received.get(run) ?? []).length > 5);
    expect(again.received.get(run)![0]).toBe(next);
    await again.request("run:stop", { run });
    await again.until(() => again.received.get(run)!.length > 0 && again.runs[0]?.status === "stopped");
  });

  test("waits for a tab that is busy, and loses no record on the way", async () => {
    const studio = await openStudio();
    const [quick, busy] = [new Tab(studio), new Tab(studio)];
    const go = busy.stall();
    const run = await quick.start({ pipeline: fakePipeline(), steps: 300 });
    await busy.request("run:watch", { run, next: 0 });
    await quick.until(() => quick.state(run).status === "succeeded");
    await busy.until(() => busy.messages > 0);
    expect([busy.messages, quick.messages > 2]).toEqual([1, true]);
    go();
    await busy.until(() => busy.state(run).status === "succeeded");
    expect(busy.messages).toBeLessThanOrEqual(3); // what was logged meanwhile came together
    expect(busy.received.get(run)).toEqual(upTo(busy.state(run).next));
    expect(busy.state(run)).toEqual(quick.state(run));
  });

  test("is the same in a second tab", async () => {
    const studio = await openStudio();
    const [first, second] = [new Tab(studio), new Tab(studio)];
    const run = await first.start({ pipeline: fakePipeline(), steps: 40 });
    await second.request("run:watch", { run, next: 0 });
    await Promise.all([first, second].map((tab) => tab.until(() => tab.state(run).status === "succeeded")));
    expect(second.state(run)).toEqual(first.state(run));
  });

  test("rests while it is paused, and stops with a checkpoint", async () => {
    const tab = new Tab(await openStudio());
    const run = await tab.start({ pipeline: fakePipeline(), steps: long });
    await tab.until(() => tab.state(run).step > 2);
    expect(await tab.request("run:pause", { run })).toEqual({ ok: true, value: {} });
    await tab.until(() => tab.state(run).status === "paused");
    await tab.request("run:continue", { run });
    await tab.until(() => tab.state(run).status === "running");
    await tab.request("run:pause", { run });
    await tab.until(() => tab.state(run).status === "paused");
    await tab.request("run:stop", { run }); // also while it rests
    await tab.until(() => tab.state(run).status === "stopped");
    const { checkpoints, step } = tab.state(run);
    expect(checkpoints.at(-1)?.step).toBe(step);
  });

  test("can be resumed, and its numbers have no gap and no double", async () => {
    const tab = new Tab(await openStudio());
    const run = await tab.start({ pipeline: fakePipeline(), steps: 300 });
    await tab.until(() => tab.state(run).step > 2);
    await tab.request("run:stop", { run });
    await tab.until(() => tab.runs[0]?.status === "stopped");
    const asked = await Promise.all([1, 2].map(() => tab.request("run:resume", { run })));
    expect(asked.map(({ ok }) => ok).sort()).toEqual([false, true]); // a double click is one resume
    await tab.until(() => tab.state(run).status === "succeeded");
    expect(tab.state(run).channels.loss.total.xs).toEqual(upTo(300).map((step) => step + 1));
    expect(await tab.request("run:resume", { run })).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  });

  test("waits for the one before it, and leaves the line when it is stopped", async () => {
    const tab = new Tab(await openStudio());
    const first = await tab.start({ pipeline: fakePipeline(), steps: long });
    const second = await tab.start({ pipeline: fakePipeline(), steps: 3 });
    const third = await tab.start({ pipeline: fakePipeline(), steps: 3 });
    await tab.until(() => tab.state(third).status === "queued" && tab.state(first).step > 0);
    await tab.request("run:stop", { run: third });
    await tab.until(() => tab.state(third).status === "stopped");
    expect(tab.state(second).status).toBe("queued");
    await tab.request("run:stop", { run: first });
    await tab.until(() => tab.state(second).status === "succeeded");
    expect(tab.state(third).step).toBe(0);
  });
});

describe("a run that goes wrong", () => {
  test("fails with its own error", async () => {
    const tab = new Tab(await openStudio());
    const run = await tab.start({ pipeline: fakePipeline({ name: "fails" }) });
    await tab.until(() => tab.state(run).status === "failed");
    expect(tab.state(run).error).toMatchObject({ code: "NON_FINITE", fix: "lower the learning rate" });
  });

  test("whose process is killed fails with a clear error, and the server lives on", async () => {
    const tab = new Tab(await openStudio());
    const run = await tab.start({ pipeline: fakePipeline({ name: "crashes" }) });
    await tab.until(() => tab.state(run).status === "failed");
    expect(tab.state(run).error).toMatchObject({ code: "PROCESS_DIED" });
    expect(tab.state(run).error!.message).toContain("SIGKILL");
    const next = await tab.start({ pipeline: fakePipeline(), steps: 2 });
    await tab.until(() => tab.state(next).status === "succeeded");
  });

  test("that does not stop is ended after its grace, and counts as stopped", async () => {
    const tab = new Tab(await openStudio({ grace: 50 }));
    const run = await tab.start({ pipeline: fakePipeline({ name: "hangs" }) });
    await tab.until(() => tab.state(run).step === 2);
    await tab.request("run:stop", { run });
    await tab.until(() => tab.state(run).status === "stopped");
    expect(tab.state(run).messages.at(-1)?.message).toContain("did not stop in time");
  });

  test("is refused before it starts if its pipeline is wrong", async () => {
    const studio = await openStudio();
    const tab = new Tab(studio);
    const broken = fakePipeline({ edges: [] });
    for (const pipeline of [broken, {}, undefined, JSON.parse('{"__proto__": {"format": 1}}')])
      expect(await tab.request("run:start", { pipeline })).toMatchObject({ ok: false });
    expect(await tab.request("run:start", { pipeline: broken })).toMatchObject({ error: { code: "MISSING_INPUT" } });
    expect(existsSync(join(studio.home, "runs"))).toBe(false);
  });

  test("that nobody knows is NOT_FOUND, and a wrong request is USAGE", async () => {
    const tab = new Tab(await openStudio());
    for (const name of ["run:pause", "run:stop", "run:resume"] as const)
      expect(await tab.request(name, { run: "none" })).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(await tab.request("run:watch", { run: "none", next: 0 })).toMatchObject({ error: { code: "NOT_FOUND" } });
    for (const run of ["../x", "a/b", "%2e%2e", "", 7 as never])
      expect(await tab.request("run:stop", { run })).toMatchObject({ ok: false, error: { code: "USAGE" } });
  });
});

describe("runs of other processes", () => {
  async function makeRun(home: string, id: string): Promise<string> {
    const folder = join(home, "runs", id);
    mkdirSync(join(folder, "checkpoints"), { recursive: true });
    const record = { id, name: "other", pipeline: readFake(), seed: 0, device: "cpu", created: 1, options: {} };
    writeFileSync(join(folder, "run.json"), JSON.stringify(record));
    return folder;
  }
  const started: RecordBody = {
    channel: "run",
    value: { name: "other", seed: 0, from: 0, device: { name: "cpu", reason: "", description: "" } },
  };

  test("are shown live, and cannot be stopped from here", async () => {
    const studio = await openStudio();
    const log = RunLog.open(await makeRun(studio.home, "other"));
    log.append(started);
    const tab = new Tab(studio);
    await tab.until(() => tab.runs[0]?.status === "running");
    await tab.request("run:watch", { run: "other", next: 0 });
    log.append({ channel: "message", value: { level: "info", message: "from elsewhere" } });
    await tab.until(() => tab.state("other").messages.length === 1);
    expect(await tab.request("run:stop", { run: "other" })).toMatchObject({ error: { code: "CONFLICT" } });
    log.close();
    await tab.until(() => tab.runs[0]?.status === "failed"); // without a last word, and nobody writes
  });

  test("that wait in another studio's line are not taken for lost", async () => {
    const home = join(temporaryFolder(), "home");
    const first = new Tab(await openStudio({ home }));
    await first.start({ pipeline: fakePipeline(), steps: long });
    const waiting = await first.start({ pipeline: fakePipeline(), steps: 3 });
    const second = new Tab(await openStudio({ home }));
    await second.request("run:watch", { run: waiting, next: 0 });
    await second.until(() => second.runs.length === 2 && second.state(waiting).status === "queued");
    expect(second.runs.find(({ id }) => id === waiting)!.status).toBe("queued");
    expect(await second.request("run:resume", { run: waiting })).toMatchObject({ error: { code: "CONFLICT" } });
  });

  test("that a former studio left without a last word have failed, and can be resumed", async () => {
    const home = join(temporaryFolder(), "home");
    const folder = await makeRun(home, "left");
    const log = RunLog.open(folder);
    log.append(started);
    log.close();
    const tab = new Tab(await openStudio({ home }));
    await tab.request("run:watch", { run: "left", next: 0 });
    await tab.until(() => tab.state("left").status === "failed");
    expect(tab.state("left").error).toMatchObject({ code: "PROCESS_DIED" });
    await tab.request("run:resume", { run: "left" });
    await tab.until(() => tab.state("left").status === "succeeded");
  });
});

test("a studio that closes stops its run with a last word, leaves no process behind, and those that wait for the next", async () => {
  const home = join(temporaryFolder(), "home");
  const studio = await openStudio({ home });
  const tab = new Tab(studio);
  const run = await tab.start({ pipeline: fakePipeline(), steps: long });
  const queued: string[] = [];
  for (const _ of upTo(3)) queued.push(await tab.start({ pipeline: fakePipeline(), steps: 3 }));
  await tab.until(() => tab.state(run).step > 2);
  const { pid } = leaseHolder(folderOf(studio, run))!;
  expect(pid).not.toBe(process.pid);
  expect(studio.waiting()).toBe(3);
  await studio.close();
  const status = async (id: string) => (await readRecords(folderOf(studio, id))).at(-1);
  expect(await status(run)).toMatchObject({ channel: "status", value: { status: "stopped" } });
  for (const id of queued) expect(await status(id)).toMatchObject({ channel: "status", value: { status: "queued" } });
  expect(() => process.kill(pid, 0)).toThrow();
  const next = new Tab(await openStudio({ home }));
  for (const id of queued) await next.request("run:watch", { run: id, next: 0 });
  await next.until(() => queued.every((id) => next.state(id).status === "succeeded"));
  const started = queued.map((id) => next.state(id).started!);
  expect(started).toEqual([...started].sort((a, b) => a - b));
  expect(next.runs.find(({ id }) => id === run)!.status).toBe("stopped");
});

test("runs that waited in a studio that was killed wait again, and can be resumed or stopped until then", async () => {
  const home = join(temporaryFolder(), "home");
  const studio = await openStudio({ home }); // before the runs are left there: it does not know of them
  const left = async (id: string) => {
    const folder = join(home, "runs", id);
    mkdirSync(join(folder, "checkpoints"), { recursive: true });
    const record = {
      id,
      name: "fake",
      pipeline: readFake(),
      seed: 0,
      steps: 3,
      device: "cpu",
      created: 1,
      options: {},
    };
    writeFileSync(join(folder, "run.json"), JSON.stringify(record));
    const log = RunLog.open(folder);
    log.append({ channel: "status", value: { status: "queued" } });
    log.close();
  };
  for (const id of ["first", "second", "third"]) await left(id);
  const tab = new Tab(studio);
  await tab.until(() => tab.runs.length === 3);
  expect(tab.runs.map(({ status }) => status)).toEqual(["queued", "queued", "queued"]);
  expect(await tab.request("run:resume", { run: "first" })).toMatchObject({ ok: true });
  expect(await tab.request("run:stop", { run: "second" })).toMatchObject({ ok: true });
  await tab.until(() => tab.runs.find(({ id }) => id === "first")?.status === "succeeded");
  await studio.close();
  const next = new Tab(await openStudio({ home }));
  await next.until(() => next.runs.find(({ id }) => id === "third")?.status === "succeeded");
  expect(next.runs.find(({ id }) => id === "second")!.status).toBe("stopped");
});

test("a run folder's files are read by name, and nothing else of it", async () => {
  const studio = await openStudio();
  const tab = new Tab(studio);
  const run = await tab.start({ pipeline: fakePipeline(), steps: 10 });
  await tab.until(() => tab.state(run).status === "succeeded");
  const file = tab.state(run).channels.attention[0]!.file;
  const answer = await studio.ask(`/api/runs/${run}/files/${file}`);
  expect(answer.headers.get("content-disposition")).toBe("attachment");
  expect(await answer.json()).toEqual({ step: 10 });
  expect(await (await studio.ask(`/api/runs/${run}/pipeline`)).json()).toMatchObject({ name: "fake" });
  const folder = folderOf(studio, run);
  execFileSync("ln", ["-s", "/etc/hostname", join(folder, "link.json")]);
  for (const name of [
    "link.json",
    "..%2f..%2fsecret.json",
    "%2e%2e%2frun.json",
    "none.json",
    "events.jsonl",
    "a%00.png",
  ])
    expect((await studio.ask(`/api/runs/${run}/files/${name}`)).status).toBe(404);
  expect(readFileSync(join(folder, "trainer.log"), "utf8")).toBe("");
});

describe("what is noted about a run, and its deletion", () => {
  test("is in the list, and outlives the studio", async () => {
    const studio = await openStudio();
    const tab = new Tab(studio);
    const run = await tab.start({ pipeline: fakePipeline(), steps: 2 });
    await tab.until(() => tab.runs[0]?.status === "succeeded");
    await tab.request("run:mark", { run, marks: { name: "Best", tags: ["small"] } });
    await tab.request("run:mark", { run, marks: { starred: true } });
    await tab.until(() => tab.runs[0]?.marks.starred === true);
    expect(tab.runs[0]).toMatchObject({ name: "Best", marks: { tags: ["small"], notes: "" } });
    const other = new Tab(await openStudio({ home: studio.home }));
    await other.until(() => other.runs[0]?.name === "Best");
  });

  test("moves it into the trash, from where it comes back as it was, until that is emptied", async () => {
    const studio = await openStudio();
    const tab = new Tab(studio);
    const run = await tab.start({ pipeline: fakePipeline(), steps: 2 });
    await tab.until(() => tab.runs[0]?.status === "succeeded");
    const log = () => readFileSync(join(folderOf(studio, run), "events.jsonl"), "utf8");
    const before = log();
    expect(await tab.request("run:delete", { run })).toMatchObject({ ok: true });
    await tab.until(() => tab.runs.length === 0);
    expect(await tab.request("trash:list", {})).toMatchObject({ ok: true, value: { runs: [{ id: run }] } });
    await tab.request("run:restore", { run });
    await tab.until(() => tab.runs.length === 1);
    expect(log()).toBe(before);
    await tab.request("run:delete", { run });
    await tab.request("trash:empty", {});
    expect(await tab.request("run:restore", { run })).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  });

  test("is refused while the run goes on", async () => {
    const studio = await openStudio();
    const tab = new Tab(studio);
    const run = await tab.start({ pipeline: fakePipeline(), steps: long });
    await tab.until(() => tab.state(run).step > 1);
    expect(await tab.request("run:delete", { run })).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
    expect(existsSync(folderOf(studio, run))).toBe(true);
  });
});

describe("runs side by side", () => {
  test("begin as many as are wanted, and the others when there is room", async () => {
    const tab = new Tab(await openStudio());
    const start = () => tab.start({ pipeline: fakePipeline(), steps: long });
    const [first, second, third] = [await start(), await start(), await start()];
    await tab.until(() => tab.runs.filter(({ status }) => status === "running").length === 1);
    expect(await tab.request("queue:lanes", { lanes: 2 })).toMatchObject({ ok: true, value: { lanes: 2 } });
    await tab.until(() => tab.state(first).step > 1 && tab.state(second).step > 1);
    expect(tab.state(third).status).toBe("queued");
    await tab.request("run:stop", { run: first });
    await tab.until(() => tab.state(third).step > 1 && tab.state(first).status === "stopped");
    expect(tab.state(second).status).toBe("running");
  });
});

test("a run goes on from another's checkpoint, and says whose it was", async () => {
  const studio = await openStudio();
  const tab = new Tab(studio);
  const run = await tab.start({ pipeline: fakePipeline(), steps: 20 });
  await tab.until(() => tab.state(run).status === "succeeded");
  const missing = await tab.request("run:start", { pipeline: fakePipeline(), from: run });
  expect(missing).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } }); // the fake has none of a training's
  for (const step of [5, 10, 20])
    writeFileSync(
      join(folderOf(studio, run), "checkpoints", `step-${String(step).padStart(6, "0")}.safetensors`),
      `${step}`,
    );
  const more = await tab.start({ pipeline: fakePipeline(), steps: 30, from: run });
  const copied = (step: number) => join(folderOf(studio, more), "checkpoints", `step-0000${step}.safetensors`);
  expect(readFileSync(copied(20), "utf8")).toBe("20");
  expect([
    existsSync(copied(10)),
    existsSync(join(folderOf(studio, more), "checkpoints", "step-000005.safetensors")),
  ]).toEqual([true, false]);
  expect(JSON.parse(readFileSync(join(folderOf(studio, more), "run.json"), "utf8")).options.from).toBe(run);
});
