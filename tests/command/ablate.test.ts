import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Execution } from "../../src/command/execution.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { readRun } from "../../src/runs/folder.ts";
import { fakeExecute } from "../runs/fakeExecute.ts";
import { fakePipeline } from "../runs/fakeLibrary.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { callFlamingo } from "./callFlamingo.ts";

/** A file of an ablation, and the names of the runs that are carried out. */
function workplace(seeds = [1, 2]) {
  const folder = temporaryFolder();
  const file = join(folder, "widths.json");
  const ablation = {
    ...{ format: "flamingo-ablation", version: 1, name: "Widths", base: fakePipeline(), seeds, better: "lower" },
    measure: { channel: "loss", last: 1 },
    steps: 12,
    changes: [{ name: "wider", set: { "layer.config.width": 8, "numbers.config.width": 8 } }],
  };
  writeFileSync(file, JSON.stringify(ablation));
  const carried: string[] = [];
  const execute: Execution["execute"] = async (options) => {
    const { name, seed } = await readRun(options.folder);
    carried.push(`${name} ${seed}`);
    return fakeExecute(options);
  };
  const home = join(folder, "home");
  const table = () => JSON.parse(readFileSync(join(home, "ablations", "widths", "table.json"), "utf8"));
  return { file, home, execute, carried, table };
}

test("trains base and changes with each seed, and writes the table as JSON and Markdown; what is there is not computed again", async () => {
  const { file, home, execute, carried, table } = workplace();
  const { code, out, err } = await callFlamingo(["ablate", file], { home, execute });
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(carried).toEqual(["fake: base 1", "fake: wider 1", "fake: base 2", "fake: wider 2"]);
  expect(out).toContain("run 2 of 4: wider, seed 1");
  expect(table().rows.map(({ change, values }: { change: string; values: number[] }) => [change, values])).toEqual([
    ["base", [5 / 12, 5 / 12]],
    ["wider", [5 / 12, 5 / 12]],
  ]);
  expect(readFileSync(join(home, "ablations", "widths", "table.md"), "utf8")).toContain("| wider |");
  await callFlamingo(["ablate", file, "--seeds", "2,3"], { home, execute });
  expect(carried.slice(4)).toEqual(["fake: base 3", "fake: wider 3"]);
});

test("stopped, it says what is there, and the same command goes on", async () => {
  const { file, home, execute, carried, table } = workplace();
  const stopped = await callFlamingo(["ablate", file], { home, execute, interruptAt: "run 2 of 4" });
  expect(stopped.code).toBe(130);
  expect(stopped.err).toContain("to go on: the same command once more");
  expect(table().rows[0].values).toEqual([5 / 12, null]);
  const { code } = await callFlamingo(["ablate", file], { home, execute });
  expect(code).toBe(0);
  expect(carried.filter((name) => name === "fake: base 1")).toHaveLength(1);
  expect(table().rows[1].values).toEqual([5 / 12, 5 / 12]);
});

test("a run that fails leaves a row with its reason, and the others go on", async () => {
  const { file, home, execute, table } = workplace([1]);
  const failing: Execution["execute"] = async (options) => {
    if ((await readRun(options.folder)).name.endsWith("wider"))
      throw new FlamingoError("NON_FINITE", "the loss is NaN", { fix: "lower the learning rate" });
    return execute(options);
  };
  const { code, out } = await callFlamingo(["ablate", file], { home, execute: failing });
  expect(code).toBe(0);
  expect(table().rows[1]).toMatchObject({ values: [null], reasons: ["the loss is NaN"] });
  expect(out).toContain("- wider: the loss is NaN");
});

test("a file that is not there, or no ablation, is told by its name", async () => {
  const missing = await callFlamingo(["ablate", "nowhere.json"]);
  expect(missing.err).toContain("there is no file nowhere.json");
  const file = join(temporaryFolder(), "none.json");
  writeFileSync(file, "{");
  expect((await callFlamingo(["ablate", file])).err).toContain("is not JSON");
});
