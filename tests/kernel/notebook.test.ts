import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as flamingo from "../../kernel/notebook/index.ts";
import { preload } from "../../kernel/notebook/preload.ts";
import type { SlotValue } from "../../src/core/block.ts";
import { writePipeline } from "../../src/pipeline/schema.ts";
import { createRun } from "../../src/runs/folder.ts";
import { findHome } from "../../src/runs/home.ts";
import { RunLog } from "../../src/runs/log.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { announceStudio } from "../../src/runs/studioAddress.ts";
import { smallPipeline, stepsOf } from "../execution/smallRun.ts";
import { RecordedCell } from "./recordedCell.ts";

const home = mkdtempSync(join(tmpdir(), "flamingo-notebook-"));
const before = process.env.FLAMINGO_HOME;

beforeAll(async () => {
  process.env.FLAMINGO_HOME = home;
  await flamingo.openDevice("wasm");
});
afterAll(() => {
  if (before === undefined) delete process.env.FLAMINGO_HOME;
  else process.env.FLAMINGO_HOME = before;
  rmSync(home, { recursive: true, force: true });
});

const training = ["train", "samples"];
const pipeline = smallPipeline();
const complete = ["application/vnd.plotly.v1+json", "image/png", "text/html", "text/plain"];

/** The bundles of the one display that a cell has shown. */
function shown(cell: RecordedCell) {
  expect(cell.displays).toHaveLength(1);
  return cell.displays[0]!.bundles;
}

describe("a run that a notebook starts", () => {
  test("shows one display that ends complete, and lands in a run folder like every run", async () => {
    const cell = new RecordedCell();
    let run: flamingo.Run | undefined;
    await cell.run(async () => {
      run = await flamingo.train(pipeline, { seed: 3, targets: training });
    });
    expect(run!.status).toBe("succeeded");
    expect(run!.folder).toBe(join(findHome().runs, run!.id));
    expect(run!.state.channels.loss.total.xs).toEqual([1, 2, 3, 4, 5, 6]);
    const last = shown(cell).at(-1)!.data;
    expect(Object.keys(last).sort()).toEqual(complete);
    expect(last["text/plain"]).toMatch(/succeeded[\s\S]*at 6[\s\S]*Attention of each token, step 6/);
    expect((await flamingo.runs()).map(({ id }) => id)).toContain(run!.id);
  });

  test("stops after its step when the cell is interrupted, and goes on as if nothing had happened", async () => {
    const whole = await new Promise<flamingo.Run>((resolve) => {
      new RecordedCell().run(async () => resolve(await flamingo.train(pipeline, { seed: 5, targets: training })));
    });
    const cell = new RecordedCell();
    cell.onShow = () => cell.interrupt(); // before the first step, which is still made
    let run: flamingo.Run | undefined;
    await cell.run(async () => {
      run = await flamingo.train(pipeline, { seed: 5, targets: training });
    });
    expect(run!.status).toBe("stopped");
    const stopped = run!.state.step;
    expect(stopped).toBeLessThan(6);
    const last = shown(cell).at(-1)!.data;
    expect(Object.keys(last).sort()).toEqual(complete);
    expect(last["text/plain"]).toMatch(new RegExp(`stopped at step ${stopped} of 6`));

    const next = new RecordedCell();
    await next.run(() => run!.resume());
    expect(run!.status).toBe("succeeded");
    expect(stepsOf(await readRecords(run!.folder))).toEqual(stepsOf(await readRecords(whole.folder)));
    expect(shown(next).at(-1)!.data["text/plain"]).toMatch(/succeeded/);
  });

  test("that fails says why, in its display and as an error, and the notebook can start another", async () => {
    const cell = new RecordedCell();
    const wild = smallPipeline({ config: { train: { rate: 1e20, clip: 1e20, warmup: 0 } } });
    await expect(cell.run(() => flamingo.train(wild, { targets: training }))).rejects.toMatchObject({
      code: "NON_FINITE",
    });
    expect(shown(cell).at(-1)!.data["text/plain"]).toMatch(/failed.*NON_FINITE/);
    const run = await flamingo.train(pipeline, { steps: 1, targets: ["train"], show: false });
    expect(run.status).toBe("succeeded");
  });

  test("is refused while another is under way, and leaves no folder for a pipeline that is wrong", async () => {
    const first = flamingo.train(pipeline, { steps: 2, targets: ["train"] });
    const second = flamingo.openRun((await flamingo.runs())[0]!.id);
    await expect(second.then((run) => run.resume())).rejects.toMatchObject({ code: "CONFLICT" });
    await first;
    const count = (await flamingo.runs({ most: 1000 })).length;
    const broken = smallPipeline({ without: ["encoder"] });
    await expect(flamingo.train(broken)).rejects.toMatchObject({ code: "MISSING_INPUT" });
    await expect(flamingo.train("no-such-pipeline")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await flamingo.runs({ most: 1000 })).length).toBe(count);
  });
});

describe("a run that is there", () => {
  test("is opened by its id, watched until it ends, and drawn as a cell's value", async () => {
    const { id } = await flamingo.train(pipeline, { seed: 7, targets: training, show: false });
    const cell = new RecordedCell();
    const result = await cell.run(async () => (await flamingo.openRun(id)).watch());
    expect(Object.keys(shown(cell).at(-1)!.data).sort()).toEqual(complete);
    expect(result!.data).toEqual({ "text/plain": `run ${id}: succeeded` }); // its plots stand above already
    const run = await flamingo.openRun(id);
    expect(Object.keys((await cell.run(() => run))!.data).sort()).toEqual(complete);
    for (const figure of [run.channels.loss.plot(), run.channels.gates.plot(), await run.attention({ step: 3 })])
      expect(Object.keys((await figure.bundle()).data).sort()).toEqual(complete);
    expect(run.channels.gates.plot({ absolute: false }).text()).toContain("tanh(α) over step");
    expect(run.channels.loss.table().map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(run.channels.samples.table()[0]).toHaveProperty("caption");
    expect(() => run.channels.samples.plot()).toThrow(expect.objectContaining({ code: "USAGE" }));
    await expect(run.attention({ step: 4 })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("is waited for while it has no process yet, and its last words are heard though the process has gone", async () => {
    const id = "waits-20260101-000000-0000";
    const folder = join(findHome().runs, id);
    const record = { id, name: "waits", pipeline, seed: 1, device: "wasm", created: 1, options: {} };
    await createRun(folder, record);
    const run = await flamingo.openRun(id);
    expect(run.status).toBe("queued");
    const watched = run.watch();
    const log = RunLog.open(folder);
    const device = { name: "wasm", reason: "test", description: "none" };
    log.append({ channel: "run", value: { name: "waits", seed: 1, from: 0, device } });
    log.append({ channel: "status", value: { status: "succeeded" } });
    log.close();
    expect((await watched).status).toBe("succeeded");
  });

  test("is judged with a progress bar, and stops when the cell is interrupted, which leaves it time to", async () => {
    const run = await flamingo.train(pipeline, { seed: 7, targets: training, show: false });
    const heeding: Promise<unknown>[] = [];
    const cell = Object.assign(new RecordedCell(), { heeds: (work: Promise<unknown>) => void heeding.push(work) });
    let now = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 1_000)); // bars are for what takes long
    let results: unknown[] = [];
    await cell.run(async () => {
      results = await run.evaluate({ set: "heldOut" });
    });
    clock.mockRestore();
    expect(results).toMatchObject([{ set: "heldOut" }]);
    expect(cell.displays.at(-1)!.bundles.at(-1)!.data["text/plain"]).toMatch(/(\d+) of \1 · in/);
    expect(await Promise.all(heeding)).toEqual([results]);

    const interrupted = new RecordedCell();
    interrupted.interrupt();
    expect((await interrupted.run(() => run.evaluate()))!.data["text/plain"]).toBe("[]");
  });

  test("gives its trained model: the same from its checkpoint and from a file", async () => {
    const run = await flamingo.train(pipeline, { seed: 7, targets: training, show: false });
    const file = join(home, "model.safetensors");
    await run.saveModel(file);
    const [fromRun, fromFile] = [await run.captioner(), await flamingo.pretrainedCaptioner(file)];
    const image = new flamingo.Image(new Float32Array(16 * 16 * 3), 16);
    const score = await fromRun.logLikelihood("red heart", image);
    expect(await fromFile.logLikelihood("red heart", image)).toBeCloseTo(score, 2); // the file is in half precision
    expect(await fromFile.gates()).toHaveLength(4);
    for (const model of [fromRun, fromFile]) model.dispose();
  });
});

describe("a pipeline in a notebook", () => {
  test("is drawn with its shapes, in blue and purple, and says them in words", async () => {
    const { data } = (await new RecordedCell().run(() => flamingo.pipeline("emoji-captions")))!;
    expect(Object.keys(data).sort()).toEqual(["image/png", "text/html", "text/plain"]);
    expect(data["text/plain"]).toMatch(
      /flamingo \(Flamingo, 3\.19 M weights, part frozen, part trained\): reads images from documents\.images, ids from documents\.ids; gives logits \[24, length, 6146\]/,
    );
    expect(data["text/html"]).toContain("24×2×1×32×32×3");
    expect((await new RecordedCell().run(() => pipeline))!.data["text/plain"]).toMatch(/^Small/);
  });

  test("is changed without changing the first, and says what is wrong with it", async () => {
    const first = await flamingo.pipeline(pipeline);
    const changed = first.configure("resampler", { latents: 3 }).rename("Other");
    expect(first.definition.nodes.resampler!.config.latents).toBe(2);
    expect(changed.definition.nodes.resampler!.config.latents).toBe(3);
    expect(first.check()).toEqual([]);
    expect(
      first
        .remove("encoder")
        .check()
        .map(({ code }) => code),
    ).toContain("MISSING_INPUT");
    expect(first.remove("resampler").wire("encoder.features", "language.media").check()[0]).toMatchObject({
      code: "SHAPE_MISMATCH",
    });
    expect(() => first.configure("nobody", {})).toThrow(/no node "nobody"/);
    const inSlot = first.configure("language.fusionLayer.feedForward", { mult: 3 }).definition.nodes.language!.config;
    const { type, config } = first.definition.nodes.language!.config.fusionLayer as unknown as SlotValue;
    expect(inSlot.fusionLayer).toEqual({
      type,
      config: { ...config, feedForward: { type: "FeedForward", config: { mult: 3 } } },
    });
    expect(() => first.configure("language.fusionLayers", {})).toThrow(/no block in a slot "fusionLayers"/);
    expect(() => first.configure("language.positions", {})).toThrow(/no block in a slot "positions"/);
  });

  test("is saved as a file that the studio opens, and its link names the studio that is open", async () => {
    const made = await flamingo.pipeline(pipeline);
    const file = await made.save();
    expect(file).toBe(join(findHome().pipelines, "small.json"));
    expect((await flamingo.pipeline("small")).definition).toEqual(made.definition);
    const cell = new RecordedCell();
    await cell.run(() => made.open());
    expect(cell.printed).toMatch(/npm start/);
    const withdraw = announceStudio(findHome(), "http://127.0.0.1:7007/?token=t");
    await cell.run(() => made.open());
    expect(cell.printed).toContain("http://127.0.0.1:7007/?token=t#pipeline=small\n");
    withdraw();
    await cell.run(() => made.open());
    expect(cell.printed.trimEnd()).toMatch(/npm start`, and call this again$/);
  });

  test("takes the place of nothing in the studio that this notebook did not write, and says under which name it is", async () => {
    const made = (await flamingo.pipeline(pipeline)).rename("Mine");
    const places = ["mine", "mine-2", "mine-3"].map((id) => join(findHome().pipelines, `${id}.json`));
    expect(await made.save()).toBe(places[0]);
    const changed = made.configure("resampler", { latents: 3 });
    expect(await changed.save()).toBe(places[0]); // its own, so it may
    const theirs = writePipeline(made.configure("resampler", { latents: 4 }).definition);
    writeFileSync(places[0]!, theirs);
    const cell = new RecordedCell();
    await cell.run(() => changed.save());
    expect(cell.printed).toBe('the studio has another pipeline "mine": this one is saved as "mine-2"\n');
    const withdraw = announceStudio(findHome(), "http://127.0.0.1:7007/?token=t");
    await cell.run(() => made.open());
    withdraw();
    expect(cell.printed).toMatch(/#pipeline=mine-2\n$/);
    expect(readFileSync(places[0]!, "utf8")).toBe(theirs);
    expect(existsSync(places[2]!)).toBe(false);
  });

  test("of a template's name is saved beside the template, which would hide it", async () => {
    const changed = (await flamingo.pipeline("emoji-captions")).configure("flamingo.resampler", { latents: 4 });
    expect(await changed.save()).toBe(join(findHome().pipelines, "emoji-captions-2.json"));
  });

  test("becomes a notebook that has it in it, to the last digit", async () => {
    const made = (await flamingo.pipeline(pipeline)).rename(`Evil \`"'\n\u2028 </script> $\{1}`);
    const file = await made.saveNotebook(join(home, "small.ipynb"));
    expect(existsSync(file)).toBe(true);
    const notebook = JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof flamingo.pipelineNotebook>;
    const codes = notebook.cells.filter(({ cell_type }) => cell_type === "code").map(({ source }) => source.join(""));
    let given: unknown;
    const scope = {
      pipeline: async (data: unknown) => {
        given = data;
      },
    };
    const code = codes[0]!.replace("const pipeline = await", "return await").split("\npipeline")[0]!;
    await new Function("flamingo", `return (async () => { ${code} })()`)(scope);
    expect(given).toEqual(made.definition);
  });
});

describe("helpers", () => {
  test("display shows any value and replaces it; outside of a cell nothing fails", async () => {
    const cell = new RecordedCell();
    await cell.run(async () => {
      const display = await flamingo.display(1);
      await display.update(2);
    });
    expect(shown(cell).map(({ data }) => data["text/plain"])).toEqual(["1", "2"]);
  });

  test("html as a tag escapes what is put in", async () => {
    const bundle = await new RecordedCell().run(() => flamingo.html`<b>${"<i>"}</b>`);
    expect(bundle!.data["text/html"]).toBe("<b>&lt;i&gt;</b>");
  });

  test("images tell their type by their bytes", async () => {
    const png = await new flamingo.Image(new Float32Array(12), 2).png();
    expect((await new RecordedCell().run(() => flamingo.image(png)))!.data).toHaveProperty(["image/png"]);
    await expect(flamingo.image(Buffer.from("no picture"))).rejects.toMatchObject({ code: "CORRUPT_IMAGE" });
  });

  test("progress gives everything in order, and shows no bar for what is done at once", async () => {
    const cell = new RecordedCell();
    await cell.run(() => {
      expect([...flamingo.progress(["a", "b", "c"], "letters")]).toEqual(["a", "b", "c"]);
    });
    expect(cell.displays).toEqual([]);
  });

  describe("a progress bar", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
    afterEach(() => void vi.useRealTimers());

    /** What the bar says each time that it is drawn, without the bar itself. */
    const bars = (cell: RecordedCell) =>
      shown(cell).map(({ data }) => String(data["text/plain"]).replace(/^[█░]+ /, ""));

    test("says how far work is, what is left of it, and what it took", async () => {
      const cell = new RecordedCell();
      await cell.run(() => {
        for (const _ of flamingo.progress([1, 2, 3, 4], "captioning")) vi.advanceTimersByTime(5_000);
      });
      expect(bars(cell)).toEqual([
        "captioning · 1 of 4 · 15 s left",
        "captioning · 2 of 4 · 10 s left",
        "captioning · 3 of 4 · 5 s left",
        "captioning · 4 of 4 · in 20 s",
        "captioning · 4 of 4 · in 20 s",
      ]);
    });

    test("says that work was stopped where something is left, and is not green then", async () => {
      const cell = new RecordedCell();
      await cell.run(() => {
        for (const step of flamingo.progress(new Set([1, 2, 3, 4]), "steps")) {
          vi.advanceTimersByTime(1_000);
          if (step === 3) break;
        }
      });
      expect(bars(cell)).toEqual(["steps · 1 of 4", "steps · 2 of 4", "steps · 2 of 4 · stopped after 3 s"]);
      expect(shown(cell).at(-1)!.data["text/html"]).not.toContain("#2b9a61");
    });
  });

  test("preload loads what cells have in scope, under the package's name", async () => {
    expect(preload.module).toBe("flamingo-studio");
    expect(await preload.load()).toHaveProperty("train");
  });
});
