import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { devices } from "../devices.ts";
import { bundle } from "./gpuPack.ts";
import type { Measured } from "./gpuResult.ts";

const folder = mkdtempSync(join(tmpdir(), "flamingo-gpu-pack-"));
const webgpu = join(import.meta.dirname, "../../node_modules/webgpu");

describe("the GPU benchmark in one file", () => {
  beforeAll(async () => {
    await bundle(folder);
    const target = join(folder, "node_modules/webgpu");
    mkdirSync(target, { recursive: true });
    for (const file of ["package.json", "index.js"]) cpSync(join(webgpu, file), join(target, file));
    symlinkSync(join(webgpu, "dist"), join(target, "dist"));
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  const out = join(folder, "results/gpu.json");
  const written = () => JSON.parse(readFileSync(out, "utf8")) as Measured;
  const start = (...sections: string[]) => {
    const only = sections.flatMap((section) => ["--only", section]);
    const args = ["--software", "--out", out, "--product", "8", ...only];
    const env = { PATH: "/usr/bin:/bin", TMPDIR: folder };
    return spawn(process.execPath, [join(folder, "gpu.mjs"), ...args], { cwd: folder, env, stdio: "ignore" });
  };

  test("is small enough to travel, and brings its twin and what starts it", () => {
    expect(statSync(join(folder, "gpu.mjs")).size).toBeLessThan(6 * 2 ** 20);
    expect(statSync(join(folder, "peers/toy_torch.py")).isFile()).toBe(true);
    execFileSync("bash", ["-n", join(folder, "measure.sh")]);
  });

  describe.runIf(devices.includes("webgpu"))("with nothing but Node and Dawn beside it", () => {
    test("says what it ran on, and measures products that are right", { timeout: 120_000 }, async () => {
      expect(await once(start("device", "products"), "exit")).toEqual([0, null]);
      const { software, versions, features, failures, rates } = written();
      expect({ software, failures }).toEqual({ software: true, failures: [] });
      expect(versions).toEqual({ node: process.version, dawn: expect.stringMatching(/^\d/) });
      expect(features).toContain("core-features-and-limits");
      expect(rates.map(({ what }) => what)).toEqual(expect.arrayContaining(["copy", "product"]));
      for (const { what, error, ofPeak } of rates) {
        if (what === "product") expect(error).toBeLessThan(1e-5);
        expect(ofPeak).toBeGreaterThan(0);
      }
    });

    test("loses nothing that was measured when it is killed", { timeout: 120_000 }, async () => {
      rmSync(out, { force: true });
      const running = start("kernels");
      await vi.waitFor(() => expect(written().checks).not.toHaveLength(0), { timeout: 100_000, interval: 20 });
      running.kill("SIGKILL");
      await once(running, "exit");
      expect(written().checks[0]).toMatchObject({ what: "float32: product, plain, narrow", ok: true });
    });
  });
});
