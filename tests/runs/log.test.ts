import { appendFileSync, chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "../../src/channels/channel.ts";
import { conductRun } from "../../src/runs/conduct.ts";
import { findHome } from "../../src/runs/home.ts";
import { RunLog } from "../../src/runs/log.ts";
import { findDamage, logFile, readRecords } from "../../src/runs/reader.ts";
import type { RecordBody } from "../../src/runs/record.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { optional } from "../optional.ts";
import { bodyArbitrary } from "./recordArbitrary.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const message = (text: string): RecordBody => ({ channel: "message", value: { level: "info", message: text } });
const texts = (events: LogRecord[]) =>
  events.map(({ channel, value }) => (channel === "message" ? (value as { message: string }).message : channel));

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

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
        const appended: LogRecord[] = [];
        for (const bodies of sessions) {
          const log = RunLog.open(folder);
          for (const body of bodies) appended.push(log.append(body));
          log.close();
        }
        const read = await readRecords(folder);
        expect(read).toEqual(appended);
        expect(read.map(({ seq }) => seq)).toEqual(appended.map((_, index) => index));
      }),
      { numRuns: 30 },
    );
  });

  test("reads from any event on", async () => {
    const folder = temporaryFolder();
    write(folder, "a", "b", "c");
    expect(texts(await readRecords(folder, 1))).toEqual(["b", "c"]);
    expect(await readRecords(folder, 3)).toEqual([]);
  });

  test("loses only the torn last line of a crash, wherever it tore", async () => {
    const folder = temporaryFolder();
    const file = join(folder, logFile);
    write(folder, "a", "b", "ç, more than one byte");
    const whole = readFileSync(file);
    const lines = whole.toString().trimEnd().split("\n");
    const kept = Buffer.byteLength(`${lines[0]}\n${lines[1]}\n`);
    for (let size = kept; size < whole.length - 1; size++) {
      writeFileSync(file, whole.subarray(0, size));
      write(folder, "after");
      const events = await readRecords(folder);
      expect(texts(events)).toEqual(["a", "b", "after"]);
      expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    }
  });

  describe("with a line that was damaged", () => {
    const step = (at: number): RecordBody => ({ channel: "checkpoint", step: at, value: { file: `step-${at}` } });
    const count = 12;

    /** A log of steps between a first and a last word. Gives its lines. */
    function steps(folder: string): string[] {
      const log = RunLog.open(folder);
      for (let at = 0; at < count; at++) log.append(step(at));
      log.close();
      return readFileSync(join(folder, logFile), "utf8").trimEnd().split("\n");
    }

    /** Each kind of damage, to a line; the one after it may be drawn into the same line. */
    const damages: Record<string, (line: string, random: number) => string> = {
      "no JSON": () => "\u0000\u0000\u0000",
      "another value": () => "[1]",
      null: () => "null",
      "cut off": (line, random) => line.slice(0, random % line.length),
      "no time": (line) => line.replace(/"time":\d+,/, ""),
      "no value": (line) => line.replace(/,"value":.*/, "}"),
      "no channel": (line) => line.replace(/"channel":"checkpoint",/, ""),
      "a channel of every object": (line) => line.replace('"checkpoint","step"', '"constructor","step"'),
      "a wrong value": (line) => line.replace(/"value":.*/, '"value":{"file":7}}'),
      "a step that is none": (line) => line.replace(/"step":\d+/, '"step":"x"'),
      "a number that is too high": (line, random) => line.replace(/"seq":\d+/, `"seq":${random % 400}`),
      "a number beyond all": (line) => line.replace(/"seq":\d+/, `"seq":${Number.MAX_SAFE_INTEGER}`),
      "a number that is none": (line) => line.replace(/"seq":\d+/, '"seq":1.5'),
      "a bit": (line, random) => {
        const bytes = Buffer.from(line);
        bytes[random % bytes.length]! ^= 1 << (random % 7);
        return bytes.toString().replaceAll("\n", "");
      },
    };

    test.each(Object.keys(damages))("%s, loses that record and no other, also what is written later", async (kind) => {
      for (let at = 0; at < count; at++) {
        const folder = temporaryFolder();
        const lines = steps(folder);
        lines[at] = damages[kind]!(lines[at]!, 7919 * (at + 3));
        writeFileSync(join(folder, logFile), `${lines.join("\n")}\n`);
        const log = RunLog.open(folder);
        log.append(message("after"));
        log.close();
        const records = await readRecords(folder);
        const state = foldRecords(emptyRun(), records);
        const seen = new Set(state.checkpoints.map(({ step }) => step));
        const lost = upTo(count).filter((step) => !seen.has(step));
        expect(
          lost.filter((step) => step !== at),
          `line ${at + 1}: ${lines[at]}`,
        ).toEqual([]);
        expect(state.messages.at(-1)?.message).toBe("after");
        if (lost.length > 0) expect((await findDamage(folder)).map(({ line }) => line)).toContain(at + 1);
      }
    });

    test("that drew the next one into it, loses none but what was damaged", async () => {
      const folder = temporaryFolder();
      const lines = steps(folder);
      writeFileSync(join(folder, logFile), `${lines.slice(0, 5).join("\n")}x${lines.slice(5).join("\n")}\n`);
      expect((await readRecords(folder)).map(({ step }) => step)).toEqual(upTo(count));
      expect(await findDamage(folder)).toEqual([{ line: 5, reason: "it is no JSON" }]);
    });

    test("is named in the log when the run goes on", async () => {
      const folder = temporaryFolder();
      const lines = steps(folder);
      lines[3] = "{";
      lines[7] = lines[7]!.replace(/"file":"[^"]*"/, '"file":{}');
      writeFileSync(join(folder, logFile), `${lines.join("\n")}\n`);
      const home = findHome({ FLAMINGO_HOME: folder });
      const signal = new AbortController().signal;
      await conductRun({ folder, device: "cpu", signal, home }, async () => "succeeded");
      const { messages } = foldRecords(emptyRun(), await readRecords(folder));
      expect(messages[0]).toMatchObject({ level: "warning" });
      expect(messages[0]!.message).toMatch(/passed over: line 4 \(it is no JSON\), line 8 \(checkpoint: file: /);
    });
  });

  test("keeps a last line that only lacks its end", async () => {
    const folder = temporaryFolder();
    write(folder, "a", "b");
    const file = join(folder, logFile);
    truncateSync(file, readFileSync(file).length - 1);
    write(folder, "c");
    expect(texts(await readRecords(folder))).toEqual(["a", "b", "c"]);
  });

  test("is repaired also where the last whole line is far from the end", async () => {
    const folder = temporaryFolder();
    write(folder, "a");
    appendFileSync(join(folder, logFile), "x".repeat(300_000));
    write(folder, "b");
    expect(texts(await readRecords(folder))).toEqual(["a", "b"]);
  });

  test("keeps numbers that are not finite by their names, for the writer as for readers", async () => {
    const folder = temporaryFolder();
    const log = RunLog.open(folder);
    const value = { rate: Number.NaN, norm: Number.NEGATIVE_INFINITY };
    const record = log.append({ channel: "optimizer", step: 1, value });
    log.close();
    expect(record.value).toEqual({ rate: "NaN", norm: "-Infinity" });
    const read = await readRecords(folder);
    expect(read).toEqual([record]);
    const { rate, norm } = foldRecords(emptyRun(), read).channels.optimizer;
    expect([...rate.ys, ...norm.ys]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
  });

  test("has the end of a run in the file at once", async () => {
    const folder = temporaryFolder();
    const log = RunLog.open(folder);
    log.append(message("a"));
    log.append(message("waits"));
    log.append({ channel: "status", value: { status: "succeeded" } });
    expect(texts(await readRecords(folder))).toEqual(["a", "waits", "status"]);
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
      const content = readFileSync(join(folder, logFile), "utf8");
      expect(content.endsWith("\n")).toBe(true);
      const seen = texts(await readRecords(folder));
      expect(["before", "a", "b", "c"].slice(0, seen.length)).toEqual(seen);
      state.room = 10_000;
      log.append(message("later"));
      log.close();
      const events = await readRecords(folder);
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
