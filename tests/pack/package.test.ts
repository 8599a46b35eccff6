import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

// What `npm pack` gives, in a folder of a project of its own, where nothing of the checkout is in reach.

const root = fileURLToPath(new URL("../../", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "flamingo-pack-"));
const installed = join(project, "node_modules/flamingo-studio");
const command = join(project, "node_modules/.bin/flamingo");
/** The project's own environment: without what npm says of the checkout to its scripts, and without the test runner's. */
const env = Object.fromEntries(
  Object.entries({ ...process.env, FLAMINGO_HOME: join(project, ".flamingo") }).filter(
    ([name]) => !/^(npm_(package|lifecycle|config_local_prefix)|INIT_CWD$|VITEST|NODE_ENV$|NODE_OPTIONS$)/.test(name),
  ),
);

/** Runs a program in the project. @returns what it printed */
async function run(program: string, ...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { cwd: project, env, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed: ${stderr || stdout || error}`);
  }
}

/** Files below a folder with the time of their last change, by their paths in it. */
function filesIn(folder: string): Map<string, number> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.map((name) => [name, statSync(join(folder, name))] as const);
  return new Map(files.filter(([, found]) => found.isFile()).map(([name, { mtimeMs }]) => [name, mtimeMs]));
}

let archive = "";
let asInstalled = new Map<string, number>();

beforeAll(async () => {
  const packed = await run("npm", "pack", root, "--pack-destination", project, "--json");
  archive = join(project, (JSON.parse(packed) as [{ filename: string }])[0].filename);
  await run("npm", "install", archive, "--prefer-offline", "--no-audit", "--no-fund");
  asInstalled = filesIn(installed);
}, 600_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test("is at most 12 MB", () => {
  expect(statSync(archive).size).toBeLessThanOrEqual(12_000_000);
});

test("holds compiled JavaScript with source maps, and declarations of the library, but no source", () => {
  const names = [...asInstalled.keys()];
  expect(names.filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"))).toEqual([]);
  // A launcher is written in JavaScript; the page is bundled, as small as it can be.
  const compiled = names.filter(
    (name) => name.endsWith(".js") && !/flamingo(-kernel)?\.js$|package\/client/.test(name),
  );
  expect(compiled.length).toBeGreaterThan(300);
  for (const name of compiled) {
    const map = JSON.parse(readFileSync(join(installed, `${name}.map`), "utf8")) as { sourcesContent?: string[] };
    expect(map.sourcesContent?.[0]).toBeTruthy();
  }
  expect(names).toContain("dist/package/src/index.d.ts");
  expect(names).toContain("dist/package/client/licenses.md");
});

test("needs no package of the checkout's development", () => {
  const read = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { devDependencies } = read(root) as { devDependencies: Record<string, string> };
  for (const name of ["tsx", "vite", "assemblyscript", "react"]) {
    expect(devDependencies).toHaveProperty(name);
    expect(() => read(join(project, "node_modules", name))).toThrow("ENOENT");
  }
});

/** The first block of code in the README's section on the library. */
function snippet(): string {
  const [, section] = readFileSync(join(root, "README.md"), "utf8").split("\n## The library\n");
  return section!.match(/```ts\n(.*?)```/s)![1]!;
}

test("the README's snippet runs in plain node", async () => {
  writeFileSync(join(project, "attend.mjs"), snippet());
  expect(await run(process.execPath, "attend.mjs")).toBe("[ 2, 5, 128 ]\n");
});

test.each([
  ["node16", "node16"],
  ["esnext", "bundler"],
])(
  "tsc --strict accepts it with module %s and moduleResolution %s",
  async (module, resolution) => {
    const wrong = `import { build, TanhGate } from "flamingo-studio";\nbuild(TanhGate, { dim: "wide" });\n`;
    writeFileSync(join(project, "attend.mts"), snippet());
    writeFileSync(join(project, "wrong.mts"), wrong);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const options = [
      "--strict",
      "--noEmit",
      "--target",
      "es2022",
      "--module",
      module,
      "--moduleResolution",
      resolution,
    ];
    const checked = run(process.execPath, tsc, ...options, "attend.mts", "wrong.mts");
    const errors = (await checked.catch((error: Error) => error.message)).matchAll(/^(\S+)\(\d+,\d+\): error/gm);
    const files = [...errors].map(([, file]) => file!);
    expect(files).toContain("wrong.mts");
    // The declarations of TensorFlow.js have errors, also among TypeScript's own: that is what skipLibCheck is for.
    const others = /node_modules\/(?!flamingo-studio\/)/;
    expect(files.filter((file) => file !== "wrong.mts" && !others.test(file))).toEqual([]);
  },
  120_000,
);

test("the command knows its version and starts a notebook kernel that knows the library's types", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(await run("npx", "--offline", "flamingo", "--version")).toBe(`${version}\n`);
  const cells = ["flamingo.TanhGate.name + flamingo.TanhGate.kind", "flamingo.TanhGat"];
  const notebook = {
    ...{ nbformat: 4, nbformat_minor: 5, metadata: {} },
    cells: cells.map((source, at) => ({
      ...{ cell_type: "code", id: `cell-${at}`, metadata: {}, source, execution_count: null, outputs: [] },
    })),
  };
  writeFileSync(join(project, "gate.ipynb"), JSON.stringify(notebook));
  await run(command, "notebook", "run", "gate.ipynb", "--allow-errors");
  const executed = readFileSync(join(project, "gate.ipynb"), "utf8");
  expect(executed).toContain("TanhGateprimitive");
  expect(executed).toContain("TS2551"); // did you mean TanhGate?
}, 120_000);

test("the command trains, with a thread that makes batches and the kernels of WebAssembly", async () => {
  const args = ["train", "pretrain-language", "--steps", "2", "--seed", "1", "--out", "language", "--json"];
  const events = await run(command, ...args);
  expect(events).toContain('"channel":"loss","step":2');
  expect(readdirSync(join(project, "language/weights"))).toEqual(["language.safetensors"]);
}, 120_000);

/** `flamingo start`, until the test ends. @returns the address that it prints */
async function start(): Promise<URL> {
  const child: ChildProcess = spawn(command, ["start", "--no-open", "--port", "0"], { cwd: project, env });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGINT");
    await ended;
  });
  let said = "";
  child.stderr!.on("data", (text) => {
    said += text;
  });
  for await (const line of createInterface(child.stdout!)) {
    expect(said).toBe(""); // not even that it builds something
    return new URL(line);
  }
  throw new Error(`flamingo start ended without an address: ${said}`);
}

test("flamingo start opens the studio", async () => {
  const url = await start();
  const headers = { authorization: `Bearer ${url.searchParams.get("token")}` };
  const get = async (path: string) => {
    const response = await fetch(new URL(path, url), { headers });
    expect([path, response.status]).toEqual([path, 200]);
    return response;
  };
  const page = await (await get("/")).text();
  const script = page.match(/<script[^>]* src="([^"]+)"/)![1]!;
  expect((await get(script)).headers.get("content-type")).toContain("javascript");
  const { device } = (await (await get("/api/studio")).json()) as { device: { name: string } };
  expect(device.name).not.toBe("none"); // a process of its own has tried it
  expect(await (await get("/api/pipelines")).text()).toContain("emoji-captions");
  expect(await (await get("/jupyter/api/contents/tutorials")).text()).toContain("01-what-Flamingo-is.ipynb");
}, 60_000);

test("nothing was built or written in the package's folder", () => {
  expect(filesIn(installed)).toEqual(asInstalled);
});
