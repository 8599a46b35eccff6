import { join } from "node:path";
import { expect, test } from "vitest";
import type { LogRecord } from "../../src/channels/channel.ts";
import { RunLog } from "../../src/runs/log.ts";
import type { RecordBody } from "../../src/runs/record.ts";
import { tailRecords } from "../../src/runs/tail.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const message = (text: string): RecordBody => ({ channel: "message", value: { level: "info", message: text } });

/** Tails until an event says `end`. */
async function tailToEnd(folder: string, from = 0): Promise<{ events: LogRecord[]; batches: number }> {
  const stop = new AbortController();
  const seen = { events: [] as LogRecord[], batches: 0 };
  const take = (events: LogRecord[]) => {
    seen.batches++;
    seen.events.push(...events);
    if (events.some((event) => (event.value as { message?: string }).message === "end")) stop.abort();
  };
  await tailRecords(folder, from, take, stop.signal);
  return seen;
}

test("a tail gives each event once and in order, those that were there and those that come", async () => {
  const folder = temporaryFolder();
  const log = RunLog.open(folder);
  for (let at = 0; at < 100; at++) log.append(message(`before ${at}`));
  const tails = [tailToEnd(folder), tailToEnd(folder, 150)];
  for (let at = 0; at < 100; at++) {
    log.append(message(`while ${at}`));
    if (at % 7 === 0) {
      await new Promise(setImmediate);
    }
  }
  log.append(message("end"));
  log.close();
  const [all, some] = await Promise.all(tails);
  expect(all!.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 201 }, (_, seq) => seq));
  expect(some!.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 51 }, (_, index) => 150 + index));
});

test("many events come in few batches", async () => {
  const folder = temporaryFolder();
  const log = RunLog.open(folder);
  for (let at = 0; at < 2000; at++) log.append(message(`${at}`));
  log.append(message("end"));
  log.close();
  const { events, batches } = await tailToEnd(folder);
  expect(events).toHaveLength(2001);
  expect(batches).toBe(1);
});

test("a busy log comes in at most ten batches a second, however long it takes", async () => {
  const folder = temporaryFolder();
  const log = RunLog.open(folder);
  const start = performance.now();
  const tail = tailToEnd(folder);
  for (let at = 0; at < 300; at++) {
    log.append(message(`${at}`));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  log.append(message("end"));
  const { events, batches } = await tail;
  log.close();
  expect(events).toHaveLength(301);
  expect(batches).toBeLessThanOrEqual((performance.now() - start) / 100 + 2);
});

test("a log that is not there yet is waited for", async () => {
  const folder = temporaryFolder();
  const tail = tailToEnd(folder);
  await new Promise(setImmediate);
  const log = RunLog.open(folder);
  log.append(message("end"));
  log.close();
  expect((await tail).events).toHaveLength(1);
});

test("a line longer than what is read at once comes whole", async () => {
  const folder = temporaryFolder();
  const log = RunLog.open(folder);
  const long = "x".repeat(9_000_000);
  log.append(message(long));
  log.append(message("end"));
  log.close();
  expect((await tailToEnd(folder)).events[0]).toMatchObject({ value: { message: long } });
});

test("a folder that cannot be read is RUN_FOLDER", async () => {
  const folder = temporaryFolder();
  RunLog.open(folder).close();
  const stop = new AbortController();
  const tail = tailRecords(join(folder, "events.jsonl"), 0, () => {}, stop.signal);
  await expect(tail).rejects.toMatchObject({ code: "RUN_FOLDER" });
});
