import { fork } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { leaseHolder, takeLease } from "../../src/runs/lease.ts";
import { isRunning, type ProcessIdentity, thisProcess } from "../../src/runs/processIdentity.ts";
import type { Order } from "./leaseRival.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const rival = fileURLToPath(new URL("leaseRival.ts", import.meta.url));
/** The process id of a process that has ended. */
const gone: ProcessIdentity = { ...thisProcess(), pid: 4_194_305 };

/** A run folder whose last claim is of this process. */
function claimedBy(identity: ProcessIdentity): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "lease"));
  writeFileSync(join(folder, "lease", "7"), JSON.stringify(identity));
  return folder;
}

describe("a run's lease", () => {
  test("is held by one, until it is given back", () => {
    const folder = temporaryFolder();
    expect(leaseHolder(folder)).toBeUndefined();
    const giveBack = takeLease(folder);
    expect(leaseHolder(folder)).toEqual(thisProcess());
    expect(() => takeLease(folder)).toThrow(expect.objectContaining({ code: "CONFLICT" }));
    giveBack();
    expect(leaseHolder(folder)).toBeUndefined();
    takeLease(folder)();
  });

  test("leaves no more than a few files, however often it is taken", () => {
    const folder = temporaryFolder();
    for (let count = 0; count < 40; count++) takeLease(folder)();
    expect(readdirSync(join(folder, "lease")).length).toBeLessThanOrEqual(6);
  });

  test.each([
    ["that has ended", gone],
    ["whose process id another process has by now", { ...thisProcess(), started: "1" }],
    ["from before the machine was started again", { ...thisProcess(), boot: "another" }],
  ])("of a process %s is taken over", (_, identity) => {
    const folder = claimedBy(identity);
    expect(leaseHolder(folder)).toBeUndefined();
    takeLease(folder)();
  });

  test.each([
    ["on another machine", { ...gone, host: "elsewhere", boot: "another" }, "elsewhere"],
    ["in another container", { ...gone, namespace: "pid:[1]" }, "cannot be seen from here"],
  ])("of a process %s stays, and it is said which file holds it", (_, identity, said) => {
    const folder = claimedBy(identity);
    expect(leaseHolder(folder)).toEqual(identity);
    const { message, details } = caught(() => takeLease(folder));
    expect(message).toContain(said);
    expect(details.fix).toContain(join(folder, "lease", "7"));
  });

  test("does not depend on the clock: neither on the time of a file nor on that of the machine", () => {
    const folder = claimedBy(thisProcess());
    const now = Date.now;
    try {
      for (const years of [-50, 50]) {
        Date.now = () => now() + years * 365 * 24 * 3600 * 1000;
        expect(leaseHolder(folder)).toEqual(thisProcess());
      }
    } finally {
      Date.now = now;
    }
  });

  test("counts as given back where a power cut left nothing in its file", () => {
    const folder = claimedBy(thisProcess());
    writeFileSync(join(folder, "lease", "7"), "");
    takeLease(folder)();
    expect(existsSync(join(folder, "lease", "8"))).toBe(true);
  });

  test("is taken by one of several processes that see a void claim at the same time", async () => {
    const races = Array.from({ length: 1000 }, () => claimedBy(gone));
    const wins = await letRival(3, { keep: races });
    races.forEach((_, index) => {
      expect(wins.filter((won) => (won as number[]).includes(index)).length, `race ${index}`).toBe(1);
    });
  });

  test("is held by one at a time while several take it and give it back", async () => {
    const folder = temporaryFolder();
    expect(await letRival(3, { share: folder, times: 100 })).toEqual([100, 100, 100]);
  });
});

test("a process is known by more than its number", () => {
  expect(isRunning(thisProcess())).toBe(true);
  expect(isRunning({ ...thisProcess(), host: "renamed" })).toBe(thisProcess().boot === "" ? "unknown" : true);
});

/** Gives so many processes the same order at the same time. They live until all have answered. */
async function letRival(count: number, order: Order): Promise<unknown[]> {
  const rivals = Array.from({ length: count }, () => fork(rival, [], { execArgv: ["--import", "tsx"] }));
  const answer = (child: (typeof rivals)[number]) =>
    new Promise<unknown>((resolve, reject) => {
      child.once("message", resolve);
      child.once("exit", (code) => reject(new Error(`a rival ended with ${code}`)));
    });
  try {
    await Promise.all(rivals.map(answer));
    const answers = rivals.map(answer);
    for (const child of rivals) child.send(order);
    return await Promise.all(answers);
  } finally {
    for (const child of rivals) if (child.connected) child.disconnect();
  }
}

function caught(work: () => unknown): { message: string; details: { fix?: string } } {
  try {
    work();
  } catch (error) {
    return error as ReturnType<typeof caught>;
  }
  throw new Error("it did not fail");
}
