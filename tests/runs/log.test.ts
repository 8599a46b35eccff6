import { appendFileSync, chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RunEvent, runEventSchema } from "../../src/runs/event.ts";
import { RunLog } from "../../src/runs/log.ts";
import { eventsFile, readEvents } from "../../src/runs/reader.ts";
import { optional } from "../optional.ts";
import { bodyArbitrary } from "./eventArbitrary.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const message = (text: string) => ({ type: "log:message", level: "info", message: text }) as const;
const texts = (events: RunEvent[]) =>
  events.map((event) => (event.type === "log:message" ? event.message : event.type));

function write(folder: string, ...lines: string[]): void {
  const log = RunLog.open(folder);
  for (const line of lines) log.append(message(line));
  log.close();
}

describe("a run's log", () => {
  test("gives back what was appended, numbered from 0 without gaps over any number of openings", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(bodyArbitrary, { maxLength: 5 }), { maxLength: 4 }), async (sessions) => {
        const folder = temporaryFolder();
        const appended: RunEvent[] = [];
        for (const bodies of sessions) {
          const log = RunLog.open(folder);
          for (const body of bodies) appended.push(log.append(body));
          log.close();
        }
        const read = await readEvents(folder);
        expect(read).toEqual(appended);
        expect(read.map(({ seq }) => seq)).toEqual(appended.map((_, index) => index));
      }),
      { numRuns: 30 },
    );
  });

  test("gives the results of an earlier version's log in today's form", async () => {
    const folder = temporaryFolder();
    const share = { hits: 1, count: 4, value: 0.25, low: 0.046, high: 0.7 };
    const mean = { count: 4, value: -2.5, low: -3, high: -2 };
    const earlier = {
      ...{ seq: 0, time: 1, type: "evaluate:result", node: "evaluate", set: "heldOut", title: "Held-out images" },
      ...{ shares: { exact: share }, means: { rightMinusShuffled: mean } },
    };
    writeFileSync(join(folder, eventsFile), `${JSON.stringify(earlier)}\n`);
    const [event] = await readEvents(folder);
    expect(runEventSchema.parse(event)).toEqual({
      ...{ seq: 0, time: 1, type: "evaluate:result", node: "evaluate", set: "heldOut", title: "Held-out images" },
      metrics: [
        { metric: "exact", title: "Exact caption", unit: "share", ...share },
        { metric: "gainOverShuffled", title: "Gain over shuffled images", unit: "nats/token", ...mean },
      ],
    });
  });

  test("reads from any event on", async () => {
    const folder = temporaryFolder();
    write(folder, "a", "b", "c");
    expect(texts(await readEvents(folder, 1))).toEqual(["b", "c"]);
    expect(await readEvents(folder, 3)).toEqual([]);
  });

  test("loses only the torn last line of a crash, wherever it tore", async () => {
    const folder = temporaryFolder();
    const file = join(folder, eventsFile);
    write(folder, "a", "b", "ç, more than one byte");
    const whole = readFileSync(file);
    const lines = whole.toString().trimEnd().split("\n");
    const kept = Buffer.byteLength(`${lines[0]}\n${lines[1]}\n`);
    for (let size = kept; size < whole.length - 1; size++) {
      writeFileSync(file, whole.subarray(0, size));
      write(folder, "after");
      const events = await readEvents(folder);
      expect(texts(events)).toEqual(["a", "b", "after"]);
      expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    }
  });

  test("keeps a last line that only lacks its end", async () => {
    const folder = temporaryFolder();
    write(folder, "a", "b");
    const file = join(folder, eventsFile);
    truncateSync(file, readFileSync(file).length - 1);
    write(folder, "c");
    expect(texts(await readEvents(folder))).toEqual(["a", "b", "c"]);
  });

  test("is repaired also where the last whole line is far from the end", async () => {
    const folder = temporaryFolder();
    write(folder, "a");
    appendFileSync(join(folder, eventsFile), "x".repeat(300_000));
    write(folder, "b");
    expect(texts(await readEvents(folder))).toEqual(["a", "b"]);
  });

  test("holds null for a number that is not finite, for the writer as for readers", async () => {
    const folder = temporaryFolder();
    const log = RunLog.open(folder);
    const numbers = { loss: Number.NaN, norm: Number.POSITIVE_INFINITY, gates: [Number.NaN], rate: 1, milliseconds: 1 };
    const event = log.append({ type: "train:step", step: 1, ...numbers });
    log.close();
    expect(event).toMatchObject({ loss: null, norm: null, gates: [null] });
    expect(await readEvents(folder)).toEqual([event]);
  });

  test("has the end of a run in the file at once", async () => {
    const folder = temporaryFolder();
    const log = RunLog.open(folder);
    log.append(message("a"));
    log.append(message("waits"));
    log.append({ type: "run:finished", outcome: "succeeded" });
    expect(texts(await readEvents(folder))).toEqual(["a", "waits", "run:finished"]);
    log.close();
  });

  test("has one writer at a time", () => {
    const folder = temporaryFolder();
    const log = RunLog.open(folder);
    expect(() => RunLog.open(folder)).toThrow(expect.objectContaining({ code: "CONFLICT" }));
    log.close();
    RunLog.open(folder).close();
  });
});

describe("a full disk", () => {
  /** Writes like a disk with so much room, in pieces as a disk may. */
  function disk(room: number) {
    const state = { room };
    const write = (descriptor: number, bytes: Uint8Array, offset: number, length: number) => {
      if (state.room === 0) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      const written = writeSync(descriptor, bytes, offset, Math.min(length, state.room, 7));
      state.room -= written;
      return written;
    };
    return { state, write };
  }

  test("is DISK_FULL, leaves whole lines only, and loses nothing once there is room again", async () => {
    for (let room = 0; room < 200; room += 11) {
      const folder = temporaryFolder();
      write(folder, "before");
      const { state, write: writer } = disk(room);
      const log = RunLog.open(folder, { write: writer });
      let failure: unknown;
      try {
        for (const text of ["a", "b", "c"]) {
          log.append(message(text));
        }
      } catch (error) {
        failure = error;
      }
      expect(failure).toMatchObject({ code: "DISK_FULL" });
      const content = readFileSync(join(folder, eventsFile), "utf8");
      expect(content.endsWith("\n")).toBe(true);
      const seen = texts(await readEvents(folder));
      expect(["before", "a", "b", "c"].slice(0, seen.length)).toEqual(seen);
      state.room = 10_000;
      log.append(message("later"));
      log.close();
      const events = await readEvents(folder);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
      expect(texts(events)[0]).toBe("before");
      expect(texts(events).at(-1)).toBe("later");
    }
  });
});

describe("a folder that cannot be written", () => {
  test("is RUN_FOLDER where it is not there, or where a file is in its way", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    for (const path of [join(folder, "none"), join(folder, "file", "run")]) {
      expect(() => RunLog.open(path)).toThrow(expect.objectContaining({ code: "RUN_FOLDER" }));
    }
  });

  test.runIf(optional("a folder without permission", process.getuid?.() !== 0, "root may write anywhere"))(
    "is RUN_FOLDER where there is no permission",
    () => {
      const folder = join(temporaryFolder(), "locked");
      mkdirSync(folder);
      chmodSync(folder, 0o500);
      expect(() => RunLog.open(folder)).toThrow(expect.objectContaining({ code: "RUN_FOLDER" }));
    },
  );
});
