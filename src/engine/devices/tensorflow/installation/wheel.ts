import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../../../../core/errors.ts";
import { makeFolder } from "../../../../files/makeFolder.ts";
import type { Machine } from "./machine.ts";

/**
 * The TensorFlow whose wheels are taken: the newest that keeps silent where TF_CPP_MIN_LOG_LEVEL asks it to (2.20 and 2.21
 * write to stderr whenever they are loaded).
 */
export const tensorflowVersion = "2.19.1";

/** Wheels for any Python hold the same library; this one's is taken, whatever Python fetches it. */
const target = [
  ...["--only-binary=:all:", "--no-deps", "--implementation", "cp", "--python-version", "3.12", "--abi", "cp312"],
  ...["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_17_x86_64"],
];

/** Takes parts out of a wheel, each with its checksum verified, or prints what TensorFlow's wheel wants of NVIDIA's. */
const script = `
import os, re, shutil, sys, zipfile
task, wheel, *rest = sys.argv[1:]
try:
    with zipfile.ZipFile(wheel) as archive:
        if task == "nvidia":
            metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            for line in archive.read(metadata).decode().splitlines():
                found = re.match(r"Requires-Dist: (nvidia-[\\w-]+) ?\\(?(==[\\w.]+)\\)? ?; extra == .and-cuda.", line)
                if found: print(found[1] + found[2])
        else:
            for pattern, folder in zip(rest[::2], rest[1::2]):
                for name in archive.namelist():
                    found = re.match(pattern, name)
                    if not found: continue
                    place = os.path.join(folder, found[1])
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    with archive.open(name) as source, open(place + ".part", "wb") as to: shutil.copyfileobj(source, to, 1 << 20)
                    os.replace(place + ".part", place)
except (zipfile.BadZipFile, EOFError, StopIteration, zipfile.zlib.error) as error:
    sys.exit("DAMAGED " + str(error))
`;

/** Downloads a package's wheel into a folder, if it is not there, and returns its path. */
export async function downloadWheel(
  machine: Machine,
  python: string,
  requirement: string,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const known = await wheelOf(requirement, folder);
  if (known) return known;
  // pip gathers a download in its temporary folder: beside the wheels it can be watched, and moved without a copy.
  const temporary = join(folder, "partial");
  await makeFolder(temporary);
  const args = ["-m", "pip", "download", ...target, "--disable-pip-version-check", "--no-cache-dir", "-d", folder];
  const env = { TMPDIR: temporary };
  const { code, err } = await machine.run(python, [...args, requirement], { env, ...(signal && { signal }) });
  const wheel = await wheelOf(requirement, folder);
  if (code === 0 && wheel) return wheel;
  const reason = err.split("\n").findLast((line) => line.startsWith("ERROR:")) ?? err.trim().split("\n").at(-1) ?? "";
  throw new FlamingoError(
    "DEVICE_UNAVAILABLE",
    `pip cannot download ${requirement}: ${reason.replace(/^ERROR: /, "")}`,
    {
      fix: "check whether pip reaches its package index, then call the same command again",
    },
  );
}

async function wheelOf(requirement: string, folder: string): Promise<string | undefined> {
  const [name, version] = requirement.split("==") as [string, string];
  const start = `${name.replaceAll("-", "_")}-${version}-`;
  const file = (await readdir(folder)).find((file) => file.startsWith(start) && file.endsWith(".whl"));
  return file && join(folder, file);
}

/**
 * Takes files out of a wheel.
 *
 * @param parts pairs of a pattern, whose first group is a file's path, and the folder that it is relative to
 * @throws FlamingoError DEVICE_UNAVAILABLE if the wheel is damaged; it is removed, so that the next call downloads it
 */
export async function takeFromWheel(
  machine: Machine,
  python: string,
  wheel: string,
  parts: readonly (readonly [string, string])[],
) {
  await runScript(machine, python, ["take", wheel, ...parts.flat()], wheel);
}

/** NVIDIA's packages that this TensorFlow was built with: `["nvidia-cublas-cu12==12.5.3.2", ...]`. */
export async function nvidiaPackages(machine: Machine, python: string, wheel: string): Promise<string[]> {
  return (await runScript(machine, python, ["nvidia", wheel], wheel)).split("\n").filter((line) => line !== "");
}

async function runScript(machine: Machine, python: string, args: readonly string[], wheel: string): Promise<string> {
  const { code, out, err } = await machine.run(python, ["-c", script, ...args]);
  if (code === 0) return out;
  const reason = err.trim().split("\n").at(-1) ?? "";
  const damaged = reason.startsWith("DAMAGED");
  if (damaged) await rm(wheel, { force: true });
  throw new FlamingoError(
    "DEVICE_UNAVAILABLE",
    damaged
      ? `the download ${wheel} is damaged: ${reason.slice("DAMAGED ".length)}`
      : `${wheel} cannot be unpacked: ${reason}`,
    { source: wheel, fix: damaged ? "call the same command again, which downloads it anew" : "check the disk" },
  );
}
