import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ErrorReport, reportOf, withFix } from "../core/errors.ts";
import { makeFolderSync } from "../files/makeFolder.ts";
import type { Home } from "./home.ts";

/**
 * The report of whatever was thrown. For a fault of our own, whose message may mean nothing to a person, the stack goes
 * into a file in the home folder and the report names it.
 */
export function describeError(error: unknown, home: Home): ErrorReport {
  const report = reportOf(error);
  if (report.code !== "INTERNAL") return report;
  const file = join(home.errors, `${new Date().toISOString().replaceAll(":", "-")}-${process.pid}.txt`);
  try {
    makeFolderSync(home.errors);
    writeFileSync(file, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  } catch {
    return { ...report, fix: "report this fault" };
  }
  return { ...report, source: file, fix: `report this fault with what is in ${file}` };
}

/** A report as one line: `CODE: message. Fix: fix`. */
export function printError({ code, message, fix }: ErrorReport): string {
  return `${code}: ${withFix(message, fix)}`.replace(/\s*\n\s*/g, " ");
}
