import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  installTensorflow,
  removeTensorflow,
  withdraw,
} from "../../src/engine/devices/tensorflow/installation/install.ts";
import { readInstallation } from "../../src/engine/devices/tensorflow/installation/installation.ts";
import { type Machine, type Ran, thisMachine } from "../../src/engine/devices/tensorflow/installation/machine.ts";
import { takeFromWheel } from "../../src/engine/devices/tensorflow/installation/wheel.ts";
import { optional } from "../optional.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

type Answer = (args: readonly string[], cwd: string | undefined) => Partial<Ran> | undefined;

const write = (file: string) => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
};
const after = (args: readonly string[], option: string) => args[args.indexOf(option) + 1]!;

/** What the programs leave when all goes well. */
const programs: Record<string, Answer> = {
  npm: (args) => (args.includes("pack") ? void write(join(after(args, "--pack-destination"), "one.tgz")) : undefined),
  tar: (_args, cwd) => write(join(cwd!, "package/package.json")) as undefined,
  python3(args) {
    if (args.includes("download")) {
      const [name, version] = args.at(-1)!.split("==");
      write(join(after(args, "-d"), `${name!.replaceAll("-", "_")}-${version}-any.whl`));
    }
    return args.includes("nvidia") ? { out: "nvidia-cublas-cu12==12.5.3.2\n" } : undefined;
  },
  "c++": (args) => (args.includes("-o") ? void write(after(args, "-o")) : undefined),
};

/** A machine on which these programs exist, and what was asked of them. */
function fakeMachine(changed: Partial<Machine> = {}, answers: Record<string, Answer | null> = {}) {
  const calls: string[] = [];
  const machine: Machine = {
    ...{ platform: "linux", arch: "x64", glibc: "2.36", napi: 9, nvidia: false },
    freeBytes: async () => 50e9,
    async run(program, args, { cwd } = {}) {
      const answer = program in answers ? answers[program] : programs[program];
      if (!answer) return { code: null, out: "", err: `spawn ${program} ENOENT` };
      calls.push([program, ...args].join(" "));
      return { code: 0, out: "", err: "", ...answer(args, cwd) };
    },
    ...changed,
  };
  return { machine, calls };
}

const refusal = (code: string, message: RegExp, fix = /./) => ({
  code,
  message: expect.stringMatching(message),
  details: expect.objectContaining({ fix: expect.stringMatching(fix) }),
});

describe("installing tensorflow", () => {
  test("leaves a record last, and nothing of what was needed on the way", async () => {
    const folder = join(temporaryFolder(), "tensorflow");
    const { machine, calls } = fakeMachine();
    const steps: string[] = [];
    const installed = await installTensorflow({ folder, machine, step: (text) => steps.push(text) });
    expect(readInstallation(folder)).toEqual(installed);
    expect(installed).toMatchObject({ gpu: false });
    expect(readdirSync(folder).sort()).toEqual(["installed.json", "node_modules", "tfjs-node", "tfjs_binding.node"]);
    expect(calls.filter((call) => call.includes(" download "))).toEqual([expect.stringContaining("tensorflow-cpu==")]);
    expect(steps.at(-1)).toMatch(/^building/);
    expect(await removeTensorflow(folder)).toBe(true);
    expect(await removeTensorflow(folder)).toBe(false);
  });

  test("goes on where an earlier call was cut short", async () => {
    const folder = temporaryFolder();
    const failing = fakeMachine(
      {},
      { "c++": (args) => (args.includes("-o") ? { code: 1, err: "x.cc: error: no" } : {}) },
    );
    await expect(installTensorflow({ folder, machine: failing.machine })).rejects.toMatchObject(
      refusal("DEVICE_UNAVAILABLE", /cannot build.*x\.cc: error: no/, /C\+\+17/),
    );
    expect(readInstallation(folder)).toBeUndefined();
    const { machine, calls } = fakeMachine();
    await installTensorflow({ folder, machine });
    expect(calls.filter((call) => /^npm pack|^tar|^python3 .* (download|take) /.test(call))).toEqual([]);
    expect(readInstallation(folder)).toBeDefined();
  });

  test("takes the library with CUDA, and NVIDIA's beside it, where there is such a GPU", async () => {
    const folder = temporaryFolder();
    const { machine, calls } = fakeMachine({ nvidia: true });
    expect(await installTensorflow({ folder, machine })).toMatchObject({ gpu: true });
    const downloaded = calls.filter((call) => call.includes(" download ")).map((call) => call.split(" ").at(-1));
    expect(downloaded).toEqual([expect.stringMatching(/^tensorflow==/), "nvidia-cublas-cu12==12.5.3.2"]);
  });

  test("does not go on with what was begun for another kind of machine", async () => {
    const folder = temporaryFolder();
    const failing = fakeMachine({}, { "c++": (args) => ({ code: args.includes("-o") ? 1 : 0 }) });
    await expect(installTensorflow({ folder, machine: failing.machine })).rejects.toThrow();
    const { machine, calls } = fakeMachine();
    await installTensorflow({ folder, machine, gpu: true });
    expect(calls.some((call) => call.includes("tensorflow=="))).toBe(true);
  });

  test("what did not stand its trial is not installed", async () => {
    const folder = temporaryFolder();
    await installTensorflow({ folder, machine: fakeMachine().machine });
    await withdraw(folder);
    expect(readInstallation(folder)).toBeUndefined();
    writeFileSync(join(folder, "installed.json"), "{ cut sho");
    expect(readInstallation(folder)).toBeUndefined();
  });
});

describe("what an installation lacks is said before anything is fetched", () => {
  const refused: [name: string, machine: Partial<Machine>, absent: string[], message: RegExp, fix: RegExp][] = [
    ["a compiler", {}, ["c++", "g++", "clang++"], /lacks a C\+\+ compiler/, /apt-get install g\+\+$/],
    ["pip", {}, ["python3"], /lacks a Python with pip/, /apt-get install python3-pip$/],
    ["both", {}, ["c++", "python3"], /pip.*; and a C\+\+ compiler/, /python3-pip g\+\+$/],
    ["npm", {}, ["npm"], /lacks npm/, /apt-get install npm$/],
    ["Linux", { platform: "darwin", arch: "arm64" }, [], /this is darwin on arm64/, /another device/],
    ["the GNU C library", { glibc: undefined }, [], /GNU C library, and this system has another/, /another device/],
    ["a current C library", { glibc: "2.12" }, [], /2\.17, and this is 2\.12/, /newer system/],
    ["a current Node", { napi: 7 }, [], /Node-API 8, and this Node has 7/, /newer Node/],
  ];
  test.each(refused)("%s", async (_name, changed, absent, message, fix) => {
    const folder = join(temporaryFolder(), "none");
    const { machine } = fakeMachine(changed, Object.fromEntries(absent.map((program) => [program, null])));
    await expect(installTensorflow({ folder, machine })).rejects.toMatchObject(
      refusal("DEVICE_UNAVAILABLE", message, fix),
    );
    expect(existsSync(folder)).toBe(false);
  });

  test("disk", async () => {
    const folder = join(temporaryFolder(), "none");
    const { machine } = fakeMachine({ freeBytes: async () => 0.3e9 });
    await expect(installTensorflow({ folder, machine })).rejects.toMatchObject(
      refusal("DISK_FULL", /1\.4 GB.*0\.3 GB/),
    );
  });
});

describe("what cannot be fetched is said in one sentence", () => {
  test("by pip, with its own reason", async () => {
    const err = "WARNING: something\nERROR: Could not find a version that satisfies the requirement\n";
    const { machine } = fakeMachine({}, { python3: (args) => (args.includes("download") ? { code: 1, err } : {}) });
    await expect(installTensorflow({ folder: temporaryFolder(), machine })).rejects.toMatchObject(
      refusal("DEVICE_UNAVAILABLE", /^pip cannot download tensorflow-cpu==[\d.]+: Could not find a version/, /again/),
    );
  });

  test("by npm", async () => {
    const { machine } = fakeMachine(
      {},
      { npm: (args) => (args.includes("pack") ? { code: 1, err: "npm error 404" } : {}) },
    );
    await expect(installTensorflow({ folder: temporaryFolder(), machine })).rejects.toMatchObject(
      refusal("DEVICE_UNAVAILABLE", /npm cannot fetch @tensorflow\/tfjs-node@[\d.]+: npm error 404/, /again/),
    );
  });
});

const python = spawnSync("python3", ["--version"]).status === 0;

describe.runIf(optional("wheel tests", python, "no python3"))("a wheel", () => {
  /** A wheel with a library and something else. */
  function makeWheel(): string {
    const wheel = join(temporaryFolder(), "one.whl");
    const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as wheel:
    wheel.writestr("tensorflow/libtensorflow_cc.so.2", "library " * 4000)
    wheel.writestr("tensorflow/python/other.py", "other")`;
    expect(spawnSync("python3", ["-c", script, wheel]).status).toBe(0);
    return wheel;
  }
  const take = (wheel: string, folder: string) =>
    takeFromWheel(thisMachine(), "python3", wheel, [[String.raw`tensorflow/(lib\w+\.so\.2)$`, folder]]);

  test("gives the parts that are asked for", async () => {
    const folder = temporaryFolder();
    await take(makeWheel(), folder);
    expect(readdirSync(folder)).toEqual(["libtensorflow_cc.so.2"]);
    expect(readFileSync(join(folder, "libtensorflow_cc.so.2"), "utf8")).toBe("library ".repeat(4000));
  });

  test.each([
    ["truncated", (wheel: string) => truncateSync(wheel, 100)],
    [
      "changed",
      (wheel: string) => {
        const bytes = readFileSync(wheel);
        bytes[80]! ^= 0xff;
        writeFileSync(wheel, bytes);
      },
    ],
    ["no wheel at all", (wheel: string) => writeFileSync(wheel, "<html>")],
  ])("that is %s is refused and removed, so that the next call downloads it", async (_name, damage) => {
    const wheel = makeWheel();
    damage(wheel);
    const folder = temporaryFolder();
    await expect(take(wheel, folder)).rejects.toMatchObject(
      refusal("DEVICE_UNAVAILABLE", /one\.whl is damaged/, /anew/),
    );
    expect(existsSync(wheel)).toBe(false);
    expect(readdirSync(folder)).not.toContain("libtensorflow_cc.so.2");
  });
});
