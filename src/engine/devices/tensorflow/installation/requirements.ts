import { FlamingoError } from "../../../../core/errors.ts";
import type { Machine } from "./machine.ts";

/** Programs of the machine that an installation uses. */
export interface Tools {
  python: string;
  compiler: string;
}

/** The oldest C library that the wheels run on, and Node's interface that the addon is built for. */
const oldestGlibc = [2, 17] as const;
export const napiVersion = 8;

const bytesNeeded = { cpu: 1.4e9, gpu: 9e9 } as const;

/**
 * What an installation needs of the machine.
 *
 * @throws FlamingoError DEVICE_UNAVAILABLE or DISK_FULL with everything that is missing, and what brings it
 */
export async function findTools(machine: Machine, folder: string, gpu: boolean): Promise<Tools> {
  checkSystem(machine);
  const python = await firstThatRuns(machine, ["python3", "python"], ["-m", "pip", "--version"]);
  const compiler = await firstThatRuns(machine, ["c++", "g++", "clang++"], ["--version"]);
  const npm = await firstThatRuns(machine, ["npm"], ["--version"]);
  const missing: [what: string, fix: string][] = [];
  if (!python) missing.push(["a Python with pip (python3 -m pip), which fetches TensorFlow's library", "python3-pip"]);
  if (!compiler) missing.push(["a C++ compiler (c++, g++ or clang++), which builds tfjs-node's addon", "g++"]);
  if (!npm) missing.push(["npm, which fetches tfjs-node's sources", "npm"]);
  if (missing.length > 0)
    throw new FlamingoError(
      "DEVICE_UNAVAILABLE",
      `this machine lacks ${missing.map(([what]) => what).join("; and ")}`,
      {
        fix: `install it with the system's packages: on Debian or Ubuntu, apt-get install ${missing.map(([, fix]) => fix).join(" ")}`,
      },
    );
  const free = await machine.freeBytes(folder);
  const needed = bytesNeeded[gpu ? "gpu" : "cpu"];
  if (free < needed)
    throw new FlamingoError(
      "DISK_FULL",
      `TensorFlow needs ${gigabytes(needed)} of disk while it is installed, and ${gigabytes(free)} are free`,
      {
        source: folder,
        fix: "free some space there",
      },
    );
  return { python: python!, compiler: compiler! };
}

function checkSystem({ platform, arch, glibc, napi }: Machine): void {
  const refuse = (message: string, fix: string) => new FlamingoError("DEVICE_UNAVAILABLE", message, { fix });
  const other = "use another device: flamingo device lists them";
  if (platform !== "linux" || arch !== "x64")
    throw refuse(
      `TensorFlow is installed on Linux with an x86-64 processor only, and this is ${platform} on ${arch}`,
      other,
    );
  if (glibc === undefined) throw refuse("TensorFlow needs the GNU C library, and this system has another", other);
  const [major = 0, minor = 0] = glibc.split(".").map(Number);
  if (major < oldestGlibc[0] || (major === oldestGlibc[0] && minor < oldestGlibc[1]))
    throw refuse(
      `TensorFlow needs the GNU C library ${oldestGlibc.join(".")}, and this is ${glibc}`,
      "use a newer system",
    );
  if (napi < napiVersion)
    throw refuse(`the addon needs Node-API ${napiVersion}, and this Node has ${napi}`, "use a newer Node");
}

async function firstThatRuns(machine: Machine, programs: readonly string[], args: readonly string[]) {
  for (const program of programs) if ((await machine.run(program, args)).code === 0) return program;
  return undefined;
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
