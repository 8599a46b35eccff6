/**
 * Before the tests: installs the optional programs that some of them use, where that is simple (as root on Debian), and
 * says which tests will be skipped where it is not. Compiles what the first notebook would wait for. Never fails.
 * FLAMINGO_NO_INSTALL=1 installs nothing.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { buildBundle } from "../kernel/bundle/bundle.js";
import { buildDeclarations } from "../kernel/types/declarations.ts";
import { buildSnapshot } from "../kernel/types/snapshot.ts";
import { findChromium } from "./chromium.ts";
import { skippedPrefix } from "./optional.ts";
import { findPytorch } from "./pytorch.ts";

interface Program {
  name: string;
  debianPackages: string[];
  /** What is skipped without it. */
  for: string;
  isThere(): boolean;
}

const programs: Program[] = [
  {
    name: "Chromium",
    debianPackages: ["chromium"],
    for: "browser tests, and webgpu tests on its emulated GPU",
    isThere: () => findChromium() !== undefined,
  },
  {
    name: "PyTorch",
    // PyTorch multiplies 50 times as slowly with the plain BLAS that it would bring by itself.
    debianPackages: ["python3-torch", "python3-numpy", "libopenblas0-pthread"],
    for: "comparisons with PyTorch",
    isThere: () => findPytorch() !== undefined,
  },
  {
    name: "Jupyter",
    debianPackages: [
      ...["python3-jupyter-client", "python3-nbclient", "jupyter-nbconvert", "python3-jupyter-kernel-test"],
      ...["jupyter-client", "jupyter-core", "python3-ipykernel", "jupyter-notebook"],
    ],
    for: "tests of the kernel with Jupyter's own programs",
    isThere: () => ["jupyter_kernel_test", "nbconvert", "notebook", "ipykernel"].every(hasPythonModule),
  },
];

/** Whether the system's Python, or the one on the path, has a module. Asks without loading it. */
function hasPythonModule(name: string): boolean {
  const question = `import importlib.util as u, sys; sys.exit(not u.find_spec("${name}"))`;
  return ["/usr/bin/python3", "python3"].some((python) => spawnSync(python, ["-c", question]).status === 0);
}

/** Why nothing can be installed here, or undefined where it can. */
function whyNotInstall(): string | undefined {
  if (process.env.FLAMINGO_NO_INSTALL === "1") return "FLAMINGO_NO_INSTALL is set";
  if (!isDebian()) return "only on Debian it is installed by itself";
  if (process.getuid?.() !== 0) return "installing needs root";
  return undefined;
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** Runs apt-get; gives its last line where it failed. */
function aptGet(...words: string[]): string | undefined {
  const minutes = 5;
  const { status, stderr, error } = spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=60", ...words], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: minutes * 60_000,
  });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split("\n").at(-1) ?? `apt-get ended with ${status}`;
}

function install(missing: readonly Program[]): string | undefined {
  const packages = missing.flatMap((program) => program.debianPackages);
  console.log(`installing ${packages.join(", ")} for the tests (FLAMINGO_NO_INSTALL=1 skips this)`);
  const start = Date.now();
  const failure = aptGet("update") ?? aptGet("install", "--yes", "--no-install-recommends", ...packages);
  console.log(`apt-get took ${Math.round((Date.now() - start) / 1000)} s${failure ? `: ${failure}` : ""}`);
  return failure;
}

await buildBundle(0);
// Compiled here, so that no test of notebooks waits for it; where that fails, those tests say why.
await buildDeclarations()
  .then((declarations) => buildSnapshot(declarations, 0))
  .catch((error) => console.log(`the library's types for notebooks: ${error}`));

const missing = programs.filter((program) => !program.isThere());
if (missing.length > 0) {
  const reason = whyNotInstall() ?? install(missing);
  for (const program of missing.filter((each) => !each.isThere()))
    console.log(`${skippedPrefix}${program.for}: no ${program.name} (${reason ?? "its packages lack it"})`);
}
