import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test, vi } from "vitest";
import { optional } from "../optional.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { callFlamingo } from "./callFlamingo.ts";

const python = "/usr/bin/python3";
/** The first installation compiles what notebooks know of the library. */
const patience = 240_000;

function hasJupyterClient(): boolean {
  try {
    execFileSync(python, ["-c", "import jupyter_client.kernelspecapp"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("installs a kernel that starts by absolute paths, with its pictures, and says where", {
  timeout: patience,
}, async () => {
  const prefix = temporaryFolder();
  const { code, out } = await callFlamingo(["kernel", "install", "--prefix", prefix]);
  expect(code).toBe(0);
  const folder = join(prefix, "share", "jupyter", "kernels", "flamingo");
  expect(out).toMatch(`installed in ${folder}\nnext: `);
  const spec = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"));
  expect(spec).toMatchObject({ language: "typescript", interrupt_mode: "message" });
  expect(spec.argv).toEqual([process.execPath, expect.stringMatching(/flamingo-kernel\.js$/), "{connection_file}"]);
  expect(existsSync(spec.argv[1])).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]);
  for (const size of [32, 64])
    expect(await sharp(join(folder, `logo-${size}x${size}.png`)).metadata()).toMatchObject({
      width: size,
      height: size,
    });
});

test("installs for the user where Jupyter keeps its data, over itself, and takes it back", {
  timeout: patience,
}, async () => {
  const data = temporaryFolder();
  vi.stubEnv("JUPYTER_DATA_DIR", data);
  const folder = join(data, "kernels", "flamingo");
  for (const args of [["install"], ["install", "--user"]]) {
    const { code, out } = await callFlamingo(["kernel", ...args]);
    expect(code).toBe(0);
    expect(out).toContain(folder);
  }
  expect(await callFlamingo(["kernel", "uninstall"])).toMatchObject({ code: 0, out: `removed ${folder}\n` });
  expect(existsSync(folder)).toBe(false);
  const again = await callFlamingo(["kernel", "uninstall"]);
  expect(again.code).toBe(1);
  expect(again.err).toMatch(/^NOT_FOUND: there is no kernel in .*\. Fix: /);
  vi.unstubAllEnvs();
});

test("says in words that a folder cannot be written", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const { code, err } = await callFlamingo(["kernel", "install", "--prefix", file]);
  expect(code).toBe(1);
  expect(err).toMatch(/^KERNELSPEC_FOLDER: .* cannot be written: .*\. Fix: choose another place/);
});

test.runIf(optional("a folder in /proc", existsSync("/proc/self"), "no /proc"))(
  "says so too where a folder can neither be made nor found",
  async () => {
    const { code, err } = await callFlamingo(["kernel", "install", "--prefix", "/proc/x"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^KERNELSPEC_FOLDER: .* cannot be written: .*\. Fix: choose another place/);
  },
);

test.each([[[]], [["remove"]], [["install", "extra"]], [["install", "--user", "--prefix", "x"]]])(
  "is refused when called wrongly: %j",
  async (args) => {
    const { code, err } = await callFlamingo(["kernel", ...args]);
    expect(code).toBe(2);
    expect(err).toMatch(/^USAGE: /);
  },
);

test.runIf(optional("kernelspec list", hasJupyterClient(), "no python3-jupyter-client"))(
  "is seen by Jupyter",
  { timeout: patience },
  async () => {
    const prefix = temporaryFolder();
    await callFlamingo(["kernel", "install", "--prefix", prefix]);
    const listed = execFileSync(python, ["-m", "jupyter_client.kernelspecapp", "list", "--json"], {
      env: { ...process.env, JUPYTER_PATH: join(prefix, "share", "jupyter") },
    });
    const { kernelspecs } = JSON.parse(listed.toString());
    expect(kernelspecs.flamingo.spec).toMatchObject({ display_name: "TypeScript (Flamingo)", language: "typescript" });
  },
);
