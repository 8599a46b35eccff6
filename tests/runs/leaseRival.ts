import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { takeLease } from "../../src/runs/lease.ts";

/** What a rival is asked: to keep each lease that it gets, or to take and give back one lease so many times. */
export type Order = { keep: string[] } | { share: string; times: number };

/** Carries out orders until it is let go: answers which leases it got, or how often it was alone in the folder. */
process.on("message", (order: Order) => {
  process.send!("keep" in order ? keep(order.keep) : share(order.share, order.times));
});
process.on("disconnect", () => process.exit(0));
process.send!("ready");

function keep(folders: readonly string[]): number[] {
  return folders.flatMap((folder, index) => (take(folder) ? [index] : []));
}

function share(folder: string, times: number): number {
  const mark = join(folder, "inside");
  for (let done = 0; done < times; ) {
    const giveBack = take(folder);
    if (!giveBack) continue;
    closeSync(openSync(mark, "wx")); // fails where another holds the lease too
    rmSync(mark);
    giveBack();
    done++;
  }
  return times;
}

function take(folder: string): (() => void) | undefined {
  try {
    return takeLease(folder);
  } catch (error) {
    if ((error as { code?: string }).code === "CONFLICT") return undefined;
    throw error;
  }
}
