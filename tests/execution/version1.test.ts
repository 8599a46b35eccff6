import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { LogRecord } from "../../src/channels/channel.ts";
import { evaluateRun } from "../../src/execution/evaluateRun.ts";
import { pipelineVersion } from "../../src/pipeline/schema.ts";
import { readRun } from "../../src/runs/folder.ts";
import { carryOut, images, quietly, stepsOf, valuesOf } from "./smallRun.ts";

const base = mkdtempSync(join(tmpdir(), "flamingo-version-1-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A run folder that a studio with pipelines of version 1 left after 3 of 6 steps, and what the other steps came to there. */
function runOfVersion1(device: string) {
  const folder = join(base, device);
  const fixture = fileURLToPath(new URL(`../fixtures/runs/version-1-${device}`, import.meta.url));
  cpSync(fixture, folder, { recursive: true });
  const file = join(folder, "run.json");
  writeFileSync(file, readFileSync(file, "utf8").replace('"FOLDER"', JSON.stringify(images)));
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
    steps: { step: number; loss: number; rate: number; norm: number; gates: number[] }[];
  };
  return { folder, expected };
}

describe("a run folder of version 1", () => {
  // On wasm the bits depend on whether the processor fuses multiplications with additions.
  test.each([
    ["cpu", 0],
    ["wasm", 1e-4],
  ] as const)("resumes on %s as it would have gone on", async (device, tolerance) => {
    const { folder, expected } = runOfVersion1(device);
    const { outcome, records } = await carryOut(folder, { device });
    expect(outcome).toBe("succeeded");
    const steps = stepsOf(records);
    expect(steps.map(({ step }) => step)).toEqual([4, 5, 6]);
    for (const [at, { loss, norm, gates }] of steps.entries()) {
      const wanted = expected.steps[at + 3]!;
      const numbers = [wanted.loss, wanted.norm, ...wanted.gates];
      expect([loss, norm, ...gates]).toBeAllclose(numbers, { absolute: 0, relative: tolerance });
    }
  });

  test("opens as a pipeline of today, and is evaluated", async () => {
    const { folder } = runOfVersion1("cpu");
    const { pipeline } = await readRun(folder);
    expect(pipeline.version).toBe(pipelineVersion);
    expect(pipeline.nodes.language!.config).toMatchObject({ decoderLayer: { type: "DecoderLayer" } });
    const records: LogRecord[] = [];
    const log = { append: (record: unknown) => void records.push(record as LogRecord) };
    const { cache } = quietly("cpu");
    await evaluateRun({ folder, device: "cpu", log: log as never, cache, signal: new AbortController().signal });
    expect(valuesOf(records, "results").map(({ value }) => value.set)).toEqual(["heldOut"]);
  });
});
