import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../src/core/random.ts";
import { checkpointFolder } from "../../src/runs/folder.ts";
import { logFile, readRecords } from "../../src/runs/reader.ts";

/** Damages one line of a run's log: cuts it off, flips a bit, puts other bytes into it, or takes a field of its record away. */
export function damageLog(folder: string, random: Random): void {
  const file = join(folder, logFile);
  const lines = readFileSync(file, "latin1").trimEnd().split("\n");
  const at = random.integer(lines.length);
  const bytes = Buffer.from(lines[at]!, "latin1");
  const place = random.integer(bytes.length);
  const torn = bytes.subarray(0, place);
  const flipped = Buffer.from(bytes);
  flipped[place]! ^= 1 << random.integer(7);
  const filled = Buffer.concat([torn, Buffer.alloc(1 + random.integer(20)), bytes.subarray(place)]);
  const record = Object.entries(JSON.parse(bytes.toString("utf8")) as object);
  const lacking = Buffer.from(JSON.stringify(Object.fromEntries(record.toSpliced(random.integer(record.length), 1))));
  const damaged = [torn, flipped, filled, lacking][random.integer(4)]!.toString("latin1").replaceAll("\n", " ");
  // As a crash leaves it, the last line has no end.
  const end = at === lines.length - 1 && random.integer(2) === 0 ? "" : "\n";
  writeFileSync(file, `${lines.with(at, damaged).join("\n")}${end}`, "latin1");
}

/** Cuts the newest checkpoint of a run off, flips a bit of it, puts other bytes in their place, or empties it. */
export function damageCheckpoint(folder: string, random: Random): void {
  const place = join(folder, checkpointFolder);
  const newest = readdirSync(place)
    .filter((name) => name.endsWith(".safetensors"))
    .sort()
    .at(-1)!;
  const bytes = readFileSync(join(place, newest));
  const at = random.integer(bytes.length);
  const cut = bytes.subarray(0, at);
  const flipped = Buffer.from(bytes);
  flipped[at]! ^= 1 << random.integer(8);
  const overwritten = Buffer.from(bytes).fill(0, at, Math.min(bytes.length, at + 1 + random.integer(512)));
  const isAsBefore = overwritten.equals(bytes); // zeros upon zeros
  const damaged = [cut, flipped, isAsBefore ? flipped : overwritten, Buffer.alloc(0)][random.integer(4)]!;
  writeFileSync(join(place, newest), damaged);
}

/** What a damaged log lost besides one record; undefined where it lost none. */
export async function lostRecords(whole: string, damaged: string): Promise<string | undefined> {
  const found = new Set((await readRecords(damaged)).map((record) => JSON.stringify(record)));
  const lost = (await readRecords(whole)).filter((record) => !found.has(JSON.stringify(record)));
  return lost.length > 1 ? `${lost.length} records are lost, from ${JSON.stringify(lost[0])} on` : undefined;
}
