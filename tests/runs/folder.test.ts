import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRun, listRuns, newRunId, type RunRecord, readRun } from "../../src/runs/folder.ts";
import { clearLeftovers } from "../../src/runs/leftovers.ts";
import { readFake } from "./fakeLibrary.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const record: RunRecord = {
  id: "fake-1",
  name: "fake",
  pipeline: readFake(),
  seed: 3,
  steps: 7,
  device: "auto",
  created: 5,
  options: { targets: ["train"] },
};

describe("a run folder", () => {
  test("is rid of what a killed process left half written, and of nothing else", async () => {
    const folder = join(temporaryFolder(), "run");
    await createRun(folder, record);
    const id = "01234567-89ab-cdef-0123-456789abcdef";
    const kept = ["checkpoints/step-000002.safetensors", "events.jsonl", "samples/a.partial", "notes.tmp"];
    const left = [`checkpoints/.${id}.partial`, `weights/.${id}.partial`, `run.json.${id}.tmp`];
    for (const folderName of ["checkpoints", "weights", "samples"])
      mkdirSync(join(folder, folderName), { recursive: true });
    for (const file of [...kept, ...left]) writeFileSync(join(folder, file), "x");
    await clearLeftovers(folder);
    expect(kept.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
    expect(left.filter((file) => existsSync(join(folder, file)))).toEqual([]);
    expect(await readRun(folder)).toEqual(record);
  });

  test("gives back what the run was started with", async () => {
    const folder = join(temporaryFolder(), "deep", "run");
    await createRun(folder, record);
    expect(await readRun(folder)).toEqual(record);
    const { steps: _, ...rest } = record;
    const other = join(temporaryFolder(), "run");
    await createRun(other, { ...rest, options: {} });
    expect(await readRun(other)).toEqual({ ...rest, options: {} });
  });

  test("that holds a run is not written over", async () => {
    const folder = temporaryFolder();
    await createRun(folder, record);
    const before = readFileSync(join(folder, "run.json"), "utf8");
    await expect(createRun(folder, { ...record, seed: 9 })).rejects.toMatchObject({ code: "RUN_FOLDER" });
    expect(readFileSync(join(folder, "run.json"), "utf8")).toBe(before);
  });

  test("that cannot be made, or holds no run, is RUN_FOLDER", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    await expect(createRun(join(folder, "file", "run"), record)).rejects.toMatchObject({ code: "RUN_FOLDER" });
    await expect(createRun(join(folder, "file"), record)).rejects.toMatchObject({ code: "RUN_FOLDER" });
    for (const content of [undefined, "{", "[]", '{"id": "x"}']) {
      if (content !== undefined) writeFileSync(join(folder, "run.json"), content);
      await expect(readRun(folder)).rejects.toMatchObject({ code: "RUN_FOLDER" });
    }
    expect(existsSync(join(folder, "file"))).toBe(true);
  });

  test("is listed where it holds a run", async () => {
    const runs = temporaryFolder();
    await createRun(join(runs, "a"), record);
    mkdirSync(join(runs, "empty"));
    writeFileSync(join(runs, "file"), "");
    expect(await listRuns(runs)).toEqual(["a"]);
    expect(await listRuns(join(runs, "none"))).toEqual([]);
  });
});

test("every run's id is a plain name, whatever the pipeline is called", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(2e12) }),
      (name, date) => {
        expect(newRunId(name, date.getTime())).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/);
      },
    ),
  );
});
