import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { FlamingoError } from "../../../../core/errors.ts";
import { makeFolder } from "../../../../files/makeFolder.ts";
import { type Installation, installationFolder, operationsFolder, operationsHash, parts } from "./installation.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { findTools, napiVersion, type Tools } from "./requirements.ts";
import { downloadWheel, nvidiaPackages, takeFromWheel, tensorflowVersion } from "./wheel.ts";

export interface InstallOptions {
  folder?: string;
  machine?: Machine;
  /** Whether to take the library with CUDA; by default, if NVIDIA's driver is there. */
  gpu?: boolean;
  signal?: AbortSignal;
  /** Called when a step begins, with the folder in which its files grow. */
  step?(text: string, growing?: { folder: string; bytes: number }): void;
}

/** tfjs-node is of the same version as the TensorFlow.js that the engine has. */
const { version: tfjsVersion } = createRequire(import.meta.url)("@tensorflow/tfjs/package.json") as { version: string };

/** Its sources, what its files load, and Node's headers for addons. */
const npmPackages = {
  tfjsNode: `@tensorflow/tfjs-node@${tfjsVersion}`,
  protobuf: "google-protobuf@3.21.4",
  headers: "node-api-headers@1.9.0",
} as const;

/**
 * Installs TensorFlow for the engine: its library from its wheel, and tfjs-node's addon, built against that library.
 *
 * tfjs-node's own installation downloads a library of 2022 from a place of its own; the sources of its addon compile
 * unchanged against a current library. What was done by an earlier call that was cut short is not done again.
 * It does not try out what it installed: that is for a process of its own, since a library may crash the process that loads it.
 *
 * @throws FlamingoError DEVICE_UNAVAILABLE or DISK_FULL if something is missing, with what brings it
 */
export async function installTensorflow(options: InstallOptions = {}): Promise<Installation> {
  const { folder = installationFolder, machine = thisMachine(), step = () => {}, signal } = options;
  const gpu = options.gpu ?? machine.nvidia;
  step("looking at this machine");
  const tools = await findTools(machine, folder, gpu);
  const work: Work = { machine, tools, folder, step, ...(signal && { signal }) };
  const versions = { tensorflow: tensorflowVersion, tfjsNode: tfjsVersion };
  const installation: Installation = { ...versions, operations: operationsHash(), gpu, napi: napiVersion };
  await clearOther(folder, installation);
  await fetchSources(work);
  await fetchLibrary(work, gpu);
  await buildAddon(work);
  await writeFile(join(folder, parts.record), JSON.stringify(installation));
  await rm(join(folder, downloads), { recursive: true, force: true });
  return installation;
}

/** Removes what `installTensorflow` made. @returns whether there was anything */
export async function removeTensorflow(folder = installationFolder): Promise<boolean> {
  const wasThere = existsSync(folder);
  await rm(folder, { recursive: true, force: true });
  return wasThere;
}

/** Marks the installation as not working: it is not loaded any more, and the next one starts from nothing. */
export async function withdraw(folder = installationFolder): Promise<void> {
  await rm(join(folder, parts.record), { force: true });
}

interface Work {
  machine: Machine;
  tools: Tools;
  folder: string;
  signal?: AbortSignal;
  step: NonNullable<InstallOptions["step"]>;
}

/** What is not needed once the addon is built. */
const downloads = "downloads";
const headers = join(downloads, "include");
const plan = join(downloads, "plan.json");

/** What another version or kind left is in the way; what this one left is gone on with. */
async function clearOther(folder: string, installation: Installation): Promise<void> {
  const text = JSON.stringify(installation);
  const record = existsSync(join(folder, plan)) ? await readFile(join(folder, plan), "utf8") : "";
  if (record !== text) await rm(folder, { recursive: true, force: true });
  await makeFolder(join(folder, downloads));
  await writeFile(join(folder, plan), text);
}

async function fetchSources({ machine, folder, step, signal }: Work): Promise<void> {
  const places: [requirement: string, place: string][] = [
    [npmPackages.tfjsNode, parts.package],
    [npmPackages.protobuf, "node_modules/google-protobuf"],
    [npmPackages.headers, join(downloads, "node-api-headers")],
  ];
  const archives = join(folder, downloads, "npm");
  for (const [requirement, place] of places) {
    if (existsSync(join(folder, place, "package.json"))) continue;
    step(`fetching ${requirement}`);
    await rm(archives, { recursive: true, force: true });
    await makeFolder(archives);
    const fetched = await machine.run("npm", ["pack", "--silent", requirement, "--pack-destination", archives], {
      cwd: archives,
      ...(signal && { signal }),
    });
    const [archive] = await readdir(archives);
    if (fetched.code !== 0 || !archive)
      throw new FlamingoError("DEVICE_UNAVAILABLE", `npm cannot fetch ${requirement}: ${lastLine(fetched.err)}`, {
        fix: "check whether npm reaches its registry, then call the same command again",
      });
    const unpacked = await machine.run("tar", ["-xzf", archive], { cwd: archives });
    if (unpacked.code !== 0)
      throw new FlamingoError("DEVICE_UNAVAILABLE", `${archive} cannot be unpacked: ${lastLine(unpacked.err)}`, {
        fix: "call the same command again",
      });
    await makeFolder(join(folder, place, ".."));
    await rename(join(archives, "package"), join(folder, place));
  }
}

const library = "libtensorflow_cc.so.2";
const framework = "libtensorflow_framework.so.2";

async function fetchLibrary({ machine, tools: { python }, folder, step, signal }: Work, gpu: boolean): Promise<void> {
  const done = join(folder, downloads, "library");
  if (existsSync(done)) return;
  const wheels = join(folder, downloads, "wheels");
  await makeFolder(wheels);
  const download = (requirement: string, bytes: number) => {
    step(`downloading ${requirement}`, { folder: wheels, bytes });
    return downloadWheel(machine, python, requirement, wheels, signal);
  };
  const wheel = await download(`${gpu ? "tensorflow" : "tensorflow-cpu"}==${tensorflowVersion}`, gpu ? 645e6 : 252e6);
  const libraries = join(folder, parts.libraries);
  step("unpacking TensorFlow's library", { folder: libraries, bytes: gpu ? 1345e6 : 748e6 });
  await takeFromWheel(machine, python, wheel, [
    [String.raw`tensorflow/(libtensorflow_(?:cc|framework)\.so\.2)$`, libraries],
    [
      String.raw`tensorflow/include/((?:tensorflow/c|tensorflow/core/platform|tsl/platform|xla/tsl/c|tensorflow/core/common_runtime/next_pluggable_device/c)/.*\.h)$`,
      join(folder, headers),
    ],
  ]);
  for (const requirement of gpu ? await nvidiaPackages(machine, python, wheel) : []) {
    const part = await download(requirement, 0);
    // TensorFlow expects them in ../nvidia, relative to its own folder.
    await takeFromWheel(machine, python, part, [[String.raw`nvidia/(\w+/lib/.*\.so.*)$`, join(folder, "nvidia")]]);
    await rm(part);
  }
  await writeFile(done, "");
  await rm(wheels, { recursive: true });
}

/** A few sources, some of them ours: a compiler alone does it, without node-gyp and make. */
async function buildAddon({ machine, tools: { compiler }, folder, step, signal }: Work): Promise<void> {
  step("building tfjs-node's addon");
  const sources = join(folder, parts.package, "binding");
  const nodeHeaders = join(folder, downloads, "node-api-headers/include");
  const operations = (await readdir(operationsFolder)).filter((name) => name.endsWith(".cc"));
  const part = join(folder, `${parts.addon}.part`);
  const { code, err } = await machine.run(
    compiler,
    [
      ...["-std=c++17", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"],
      ...["-fPIC", "-shared", "-pthread", "-w", `-DNAPI_VERSION=${napiVersion}`],
      ...[`-I${nodeHeaders}`, `-I${join(folder, headers)}`],
      ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(sources, file)),
      ...operations.map((file) => join(operationsFolder, file)),
      ...[`-L${join(folder, parts.libraries)}`, `-l:${library}`, `-l:${framework}`],
      ...[`-Wl,-rpath,$ORIGIN/${parts.libraries}`, "-o", part],
    ],
    signal && { signal },
  );
  if (code !== 0)
    throw new FlamingoError("DEVICE_UNAVAILABLE", `${compiler} cannot build tfjs-node's addon: ${firstError(err)}`, {
      fix: "install a compiler that knows C++17 (GCC 9 or newer, Clang 10 or newer)",
    });
  await rename(part, join(folder, parts.addon));
}

function firstError(text: string): string {
  return text.split("\n").find((line) => line.includes("error")) ?? lastLine(text);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
