import { randomUUID } from "node:crypto";
import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import { isRunning, type ProcessIdentity, processIdentity, thisProcess } from "./processIdentity.ts";

/**
 * The lease of a run: the claim of the one process that may write it.
 *
 * A claim is a file in the run folder's `lease/`, named by a number, that holds the identity of its process; it is empty
 * once the lease was given back. The claim of the highest number counts. A process takes the lease by creating the next
 * number, which the file system lets one process do only, and only after the claim before is void: given back, or of a
 * process that is gone. Numbers never fall, so a claim that was looked at long ago cannot be followed twice.
 */
const leaseFolder = "lease";
/** Claims before the last that stay, so that a listing made meanwhile shows one of them. */
const kept = 4;

/** The process that holds a run's lease now; undefined if there is none. */
export function leaseHolder(folder: string): ProcessIdentity | undefined {
  const place = join(resolve(folder), leaseFolder);
  const holder = readClaim(place, lastClaim(place));
  return holder && isRunning(holder) !== false ? holder : undefined;
}

/**
 * Takes a run's lease.
 * @returns what gives it back
 * @throws FlamingoError CONFLICT if another process holds it; what the system says of the folder
 */
export function takeLease(folder: string): () => void {
  const place = join(resolve(folder), leaseFolder);
  makeIfMissing(place);
  const draft = join(place, `.${randomUUID()}`);
  try {
    writeFileSync(draft, JSON.stringify(thisProcess()), { flag: "wx" });
    const claim = join(place, String(claimNext(folder, place, draft)));
    return () => giveBack(claim);
  } finally {
    rmSync(draft, { force: true });
  }
}

function claimNext(folder: string, place: string, draft: string): number {
  for (;;) {
    const last = lastClaim(place);
    const holder = readClaim(place, last);
    if (holder && isRunning(holder) !== false) throw heldBy(holder, folder, join(place, String(last)));
    const number = last + 1;
    if (!createOnce(draft, join(place, String(number)))) continue; // another process was faster
    // The number was free because it is long past: others went on from it, and cleared it away.
    if (lastClaim(place) !== number) {
      rmSync(join(place, String(number)), { force: true });
      continue;
    }
    for (const old of claims(place)) if (old < number - kept) rmSync(join(place, String(old)), { force: true });
    return number;
  }
}

/** The error for a run that another process writes. */
export function heldBy(holder: ProcessIdentity, folder: string, claim: string): FlamingoError {
  const { pid, host } = holder;
  const isHere = isRunning(holder) !== "unknown";
  const message = isHere
    ? `process ${pid} is writing the run in ${folder}`
    : `process ${pid} on ${host} holds the run in ${folder}, and cannot be seen from here`;
  const fix = isHere
    ? "stop that process first, or watch the run in the studio"
    : `stop that process; if it is gone with its machine or container, delete ${claim}`;
  return new FlamingoError("CONFLICT", message, { source: folder, fix });
}

/** Makes the file of a claim with its whole content. Returns false if it is there already. */
function createOnce(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EOPNOTSUPP") throw error;
  }
  try {
    copyFileSync(draft, file, constants.COPYFILE_EXCL); // a file system without links, such as exFAT
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Empties the claim, which needs no room on a full disk. A folder that is gone needs nothing. */
function giveBack(claim: string): void {
  try {
    truncateSync(claim, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Undefined for a claim that was given back, or that a power cut left without its content. */
function readClaim(place: string, number: number): ProcessIdentity | undefined {
  try {
    return processIdentity.parse(JSON.parse(readFileSync(join(place, String(number)), "utf8")));
  } catch {
    return undefined;
  }
}

function lastClaim(place: string): number {
  return Math.max(0, ...claims(place));
}

function claims(place: string): number[] {
  try {
    return readdirSync(place)
      .filter((name) => /^[1-9]\d{0,14}$/.test(name))
      .map(Number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function makeIfMissing(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
