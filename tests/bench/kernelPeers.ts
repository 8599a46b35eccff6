import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { flamingoKernelspec, type Kernelspec } from "../../kernel/client/kernelspec.ts";

/** A kernel to be measured: how it starts, and what it is asked. */
export interface KernelPeer {
  name: string;
  spec: Kernelspec;
  /** First cells of a notebook, by what is in them. */
  first: Record<string, string>;
  /** Cells that load the library, where it has one. */
  load: string[];
  /** An expression with types, each with another text; without them where the language has none. */
  typed(index: number): string;
  /** A declaration with a type, each with another text. */
  declaration(index: number): string;
  /** Code with the cursor at its end: members of something built in, and of the library. */
  members: string;
  libraryMembers?: string;
  /** A cell that uses the library with its types. */
  libraryCell?(index: number): string;
}

const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const python = "/usr/bin/python3";
const denoVersion = "2.9.6";

/**
 * The kernels that are here, ours first, and a folder for their notebooks, in which tslab finds what it needs.
 * @returns also why some are missing
 */
export function findKernels(oursAlone: boolean): {
  kernels: KernelPeer[];
  missing: string[];
  folder: string;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), "flamingo-bench-"));
  const notebooks = join(folder, "notebooks");
  for (const name of ["@types/node", "undici-types", "@tensorflow", "@types/seedrandom", "@webgpu/types"])
    link(join(modules, name), join(notebooks, "node_modules", name));
  const typescript = {
    typed: (index: number) => `((x: number): number => x + 1)(${index})`,
    declaration: (index: number) => `const v${index}: number = ${index};`,
    members: "Math.",
  };
  const first = {
    types: "const x: number[] = [1, 2]; x.map((v) => v * 2)",
    "a type error": "const y: number = 'one'; y",
  };
  const kernels: KernelPeer[] = [
    {
      name: "flamingo",
      spec: flamingoKernelspec,
      first: { ...first, "the library": "import { GatedXattnDense } from 'flamingo-studio'; GatedXattnDense.name" },
      load: ["flamingo.GatedXattnDense.name"],
      ...typescript,
      libraryMembers: "flamingo.",
      libraryCell: (index) => `flamingo.GatedXattnDense.config.parse({ dim: ${index + 1}, visualDim: 4 }).heads`,
    },
    {
      name: "tslab",
      spec: specOf([process.execPath, join(modules, "tslab/bin/tslab"), "kernel", "--config-path"]),
      first: { ...first, "the library": 'import * as tf from "@tensorflow/tfjs"; tf.version.tfjs' },
      load: ['import * as tf from "@tensorflow/tfjs";'],
      ...typescript,
      libraryMembers: "tf.",
      libraryCell: (index) => `tf.tensor([${index}, 1]).shape`,
    },
  ];
  const place = { folder: notebooks, remove: () => rmSync(folder, { recursive: true, force: true }) };
  if (oursAlone) return { kernels: kernels.slice(0, 1), missing: [], ...place };
  const missing: string[] = [];
  const deno = installDeno(folder);
  if (deno)
    kernels.push({
      name: "deno",
      spec: specOf([deno, "jupyter", "--kernel", "--conn"]),
      first,
      load: [],
      ...typescript,
    });
  else missing.push(`deno: npm could not install deno ${denoVersion}`);
  if (spawnSync(python, ["-c", "import ipykernel"]).status === 0)
    kernels.push({
      name: "ipykernel",
      spec: specOf([python, "-m", "ipykernel_launcher", "-f"]),
      first: { types: "x: list[int] = [1, 2]\n[v * 2 for v in x]" },
      load: [],
      typed: (index) => `(lambda x: x + 1)(${index})`,
      declaration: (index) => `v${index}: int = ${index}`,
      members: "str.",
    });
  else missing.push(`ipykernel: ${python} has none (install Debian's python3-ipykernel)`);
  return { kernels, missing, ...place };
}

function link(target: string, path: string): void {
  if (!existsSync(target)) return;
  mkdirSync(join(path, ".."), { recursive: true });
  symlinkSync(target, path);
}

function specOf(command: string[]): Kernelspec {
  return { argv: [...command, "{connection_file}"], display_name: "", language: "", interrupt_mode: "signal" };
}

function installDeno(folder: string): string | undefined {
  const prefix = join(folder, "deno");
  // Its script would only do what its first start does too.
  const install = ["install", "--prefix", prefix, "--no-audit", "--no-fund", "--ignore-scripts", `deno@${denoVersion}`];
  spawnSync("npm", install, { stdio: "ignore", shell: process.platform === "win32" });
  const launcher = join(prefix, "node_modules", "deno", "bin.cjs");
  if (!existsSync(launcher) || spawnSync(process.execPath, [launcher, "--version"]).status !== 0) return undefined;
  const program = join(prefix, "node_modules", "deno", process.platform === "win32" ? "deno.exe" : "deno");
  return existsSync(program) ? program : undefined;
}
