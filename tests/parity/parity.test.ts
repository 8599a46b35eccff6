import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { describeDevices } from "../devices.ts";
import { compareCase, relativeError } from "./agreement.ts";
import { readCase } from "./golden.ts";

const golden = fileURLToPath(new URL("../fixtures/golden/", import.meta.url));
const cases = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

describeDevices("parity with OpenFlamingo", (device) => {
  const bounds = device === "webgpu" ? { output: 1e-3, gradient: 1e-3 } : { output: 1e-5, gradient: 1e-4 };

  test.each(cases)(
    "%s: the output and the gradient by every input and weight agree, and nothing leaks",
    async (name) => {
      const read = await readCase(join(golden, name));
      const before = countTensors();
      const { output, gradients } = await compareCase(read);
      expect(countTensors()).toBe(before);
      expect(output.error).toBeLessThanOrEqual(bounds.output);
      for (const gradient of gradients) expect(gradient.error, gradient.name).toBeLessThanOrEqual(bounds.gradient);
      expect(gradients.map(({ name }) => name).sort()).toEqual([...read.gradients.keys()].sort());
    },
  );
});

describe("the relative error", () => {
  test("is the largest difference as a part of the largest expected number", () => {
    expect(relativeError([1, 2.5], [1, 2])).toBe(0.25);
  });
  test("is infinite where a number is not finite", () => {
    expect(relativeError([Number.NaN, 1], [1, 1])).toBe(Number.POSITIVE_INFINITY);
    expect(relativeError([Number.POSITIVE_INFINITY], [1])).toBe(Number.POSITIVE_INFINITY);
  });
  test("is infinite where all should be 0 and one is not, and 0 where all are", () => {
    expect(relativeError([0, 1e-30], [0, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(relativeError([0, 0], [0, 0])).toBe(0);
  });
});

describe("the parity command", () => {
  const folder = mkdtempSync(join(tmpdir(), "flamingo-parity-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A case like a good one but for what `spoil` does. */
  function spoiled(name: string, spoil: (path: string) => void): void {
    const path = join(folder, name);
    cpSync(join(golden, "gated-xattn-odd-sizes"), path, { recursive: true });
    spoil(path);
  }
  function edit(file: string, change: (tensors: Map<string, StoredTensor>) => void): (path: string) => void {
    return (path) => {
      const { tensors } = readSafetensors(readFileSync(join(path, file)));
      change(tensors);
      writeFileSync(join(path, file), writeSafetensors(tensors));
    };
  }
  function nudge(tensors: Map<string, StoredTensor>, name: string, by: number): void {
    const { shape, data } = tensors.get(name)!;
    const numbers = Float32Array.from(data as Float32Array);
    numbers[0]! += by;
    tensors.set(name, { dtype: "F32", shape, data: numbers });
  }
  function configure(change: (config: Record<string, unknown>) => void): (path: string) => void {
    return (path) => {
      const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8"));
      change(config);
      writeFileSync(join(path, "config.json"), JSON.stringify(config));
    };
  }

  const run = (...args: string[]) => {
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    return spawnSync(process.execPath, ["--import", "tsx", main, ...args], { encoding: "utf8" });
  };
  let lines: string[] = [];
  let status: number | null = null;
  const lineOf = (name: string) => lines.filter((line) => line.split(/\s+/)[1] === name);

  beforeAll(() => {
    spoiled("good", () => {});
    spoiled(
      "unknown-block",
      configure((config) => Object.assign(config, { block: "PerceiverAttention" })),
    );
    spoiled(
      "no-such-width",
      configure((config) => Object.assign(config, { dim: "wide" })),
    );
    spoiled("no-json", (path) => writeFileSync(join(path, "config.json"), "{"));
    spoiled("cut-off", (path) => writeFileSync(join(path, "inputs.safetensors"), "short"));
    spoiled("no-expected", (path) => rmSync(join(path, "expected.safetensors")));
    spoiled(
      "missing-weight",
      edit("weights.safetensors", (tensors) => tensors.delete("attn.to_q.weight")),
    );
    spoiled(
      "unused-weight",
      edit("weights.safetensors", (tensors) => tensors.set("attn.bias", tensors.get("ff_gate")!)),
    );
    spoiled(
      "missing-gradient",
      edit("expected.safetensors", (tensors) => tensors.delete("grad.media")),
    );
    spoiled(
      "wrong-output",
      edit("expected.safetensors", (tensors) => nudge(tensors, "output", 1e-3)),
    );
    spoiled(
      "wrong-gradient",
      edit("expected.safetensors", (tensors) => nudge(tensors, "grad.attn_gate", 1e-2)),
    );
    spoiled(
      "too-many-tags",
      edit("inputs.safetensors", (tensors) => {
        const { shape, data } = tensors.get("media_locations")!;
        tensors.set("media_locations", { dtype: "BOOL", shape, data: new Uint8Array(data.length).fill(1) });
      }),
    );
    const result = run(folder, "--device", "cpu");
    status = result.status;
    lines = result.stdout.trim().split("\n");
  });

  test("exits non-zero, with one line for each case", () => {
    expect(status).toBe(1);
    expect(lines.length).toBe(1 + readdirSync(folder).length);
  });
  test("still checks the cases beside a broken one", () => {
    expect(lineOf("good")).toEqual([
      expect.stringMatching(/^ok +good +cpu +GatedCrossAttentionBlock +output \S+ +gradients/),
    ]);
  });
  test.each([
    ["unknown-block", /no counterpart here; known are PerceiverResampler, GatedCrossAttentionBlock/],
    ["no-such-width", /config\.json: dim: /],
    ["no-json", /config\.json: /],
    ["cut-off", /inputs\.safetensors/],
    ["no-expected", /expected\.safetensors: there is no such file/],
    ["missing-weight", /weights\.safetensors lacks attn\.to_q\.weight/],
    ["unused-weight", /weights\.safetensors has attn\.bias, which nothing here takes/],
    ["missing-gradient", /expected\.safetensors lacks grad\.media/],
    ["wrong-output", /output \S+ over 1e-5/],
    ["wrong-gradient", /gradients \S+ over 1e-4 \(attn_gate/],
    ["too-many-tags", /MEDIA_COUNT: row 0 has 9 <image> tokens in its text but 4 images/],
  ])("fails %s and says why", (name, reason) => {
    expect(lineOf(name)).toEqual([expect.stringMatching(reason)]);
    expect(lineOf(name)[0]).toMatch(/^FAILED /);
  });
  test("says in one line what is wrong with a call that cannot work", () => {
    for (const args of [[], [join(folder, "nowhere")], [folder, "--devise", "cpu"]]) {
      const { status, stdout, stderr } = run(...args);
      expect(status).not.toBe(0);
      expect(`${stdout}${stderr}`.trim().split("\n").length).toBe(1);
    }
  });
  test("names a device that is not there, and exits non-zero", () => {
    const { status, stdout } = run(folder, "--device", "abacus");
    expect(status).toBe(1);
    expect(stdout).toMatch(/there is no device "abacus"/);
  });
});
