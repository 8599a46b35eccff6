import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import { isAlive } from "./isAlive.ts";

/**
 * Identifies a process. A process id alone does not: it is used again, and means nothing on another machine or in another
 * container. Nothing here depends on the clock.
 */
export const processIdentity = z.object({
  host: z.string(),
  /** Identifies the boot of the machine; empty where the system does not report it. */
  boot: z.string(),
  /** Identifies the name space in which `pid` counts: that of a container. Empty where there are none. */
  namespace: z.string(),
  pid: z.int().positive(),
  /** When the process started, as the system writes it; empty where the system does not report it. */
  started: z.string(),
});
export type ProcessIdentity = z.output<typeof processIdentity>;

let own: ProcessIdentity | undefined;

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  own ??= {
    host: hostname(),
    boot: readOrEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    namespace: readOrEmpty(() => readlinkSync("/proc/self/ns/pid")),
    pid: process.pid,
    started: startOf(process.pid),
  };
  return own;
}

/**
 * Whether a process still runs: `unknown` for one of another machine or container, which cannot be seen from here.
 */
export function isRunning(identity: ProcessIdentity): boolean | "unknown" {
  const here = thisProcess();
  const sameBoot = identity.boot === here.boot;
  if (identity.host !== here.host && !(sameBoot && here.boot !== "")) return "unknown";
  if (!sameBoot) return false; // the machine was started again since
  if (identity.namespace !== here.namespace) return "unknown";
  if (!isAlive(identity.pid)) return false;
  const started = startOf(identity.pid);
  return started === "" || identity.started === "" || started === identity.started;
}

function startOf(pid: number): string {
  if (process.platform === "linux")
    return readOrEmpty(() => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8");
      return fields.slice(fields.lastIndexOf(")") + 2).split(" ")[19]!; // ticks from the boot to the start
    });
  if (process.platform === "darwin")
    return readOrEmpty(() =>
      execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
        encoding: "utf8",
        env: { ...process.env, TZ: "UTC", LC_ALL: "C" },
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
  return "";
}

function readOrEmpty(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}
