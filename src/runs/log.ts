import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type LogRecord, printRecord } from "../channels/channel.ts";
import { folderError } from "./folderError.ts";
import { takeLease } from "./lease.ts";
import { parseLog } from "./parseLog.ts";
import { logFile } from "./reader.ts";
import { endsRun, type RecordBody } from "./record.ts";

/** Kept free on the disk, so that a run which fills it can still say so. */
const reserveFile = "events.reserve";
const reserveBytes = 64 * 1024;
const newline = 10;

export interface RunLogOptions {
  /** Sees every record as it is appended. */
  onRecord?: (record: LogRecord) => void;
  /** Writes bytes to the file; the system's own by default. */
  write?: (descriptor: number, bytes: Uint8Array, offset: number, length: number) => number;
}

/**
 * A run's log, for its one writer: lines of JSON that are only ever added to. A record is in the file when `append`
 * returns, for what follows may block this thread for long, or end the process. Opening the log again continues where it
 * ended, and cuts off a last line that a crash left half written.
 */
export class RunLog {
  readonly folder: string;
  readonly #descriptor: number;
  readonly #options: RunLogOptions;
  readonly #release: () => void;
  readonly #atExit = () => this.close(); // so that no mark of a writer stays
  #next: number;
  #size: number;
  #last: LogRecord | undefined;
  /** Lines that the disk did not take yet. */
  #pending = "";
  #closed = false;

  /** @throws FlamingoError RUN_FOLDER if the folder cannot be written or another process writes the log, DISK_FULL */
  static open(folder: string, options: RunLogOptions = {}): RunLog {
    try {
      return new RunLog(folder, options);
    } catch (error) {
      throw folderError(error, folder);
    }
  }

  private constructor(folder: string, options: RunLogOptions) {
    this.folder = folder;
    this.#options = options;
    this.#release = takeLease(folder);
    try {
      writeFileSync(join(folder, reserveFile), Buffer.alloc(reserveBytes));
      this.#descriptor = openSync(join(folder, logFile), "a+");
      const { size, last } = repair(this.#descriptor);
      this.#size = size;
      this.#last = last;
      this.#next = last ? last.seq + 1 : 0;
    } catch (error) {
      this.#release();
      throw error;
    }
    process.once("exit", this.#atExit);
  }

  /** The record that was appended last, in this process or before. */
  get last(): LogRecord | undefined {
    return this.#last;
  }

  /**
   * Adds a record, with its number and the time.
   * @throws FlamingoError DISK_FULL or RUN_FOLDER. The record is kept and tried again with the next.
   */
  append(body: RecordBody): LogRecord {
    const line = printRecord({ seq: this.#next, time: Date.now(), ...body });
    const record = JSON.parse(line) as LogRecord; // as readers see it
    this.#next++;
    this.#last = record;
    this.#pending += `${line}\n`;
    this.#options.onRecord?.(record);
    if (endsRun(record)) this.#finish();
    else this.#flush();
    return record;
  }

  /** Writes what waits and lets go of the file. What cannot be written any more is lost quietly. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.off("exit", this.#atExit);
    try {
      this.#flush();
    } catch {
      // Whoever appended has seen the error, or is gone.
    }
    closeSync(this.#descriptor);
    rmSync(join(this.folder, reserveFile), { force: true });
    this.#release();
  }

  #flush(): void {
    if (this.#pending === "") return;
    const bytes = Buffer.from(this.#pending);
    const write = this.#options.write ?? writeSync;
    let done = 0;
    try {
      while (done < bytes.length) done += write(this.#descriptor, bytes, done, bytes.length - done);
    } catch (error) {
      // Whole lines that got through stay; the rest of a torn one goes, and waits for the next time.
      done = done === 0 ? 0 : bytes.lastIndexOf(newline, done - 1) + 1;
      ftruncateSync(this.#descriptor, this.#size + done);
      throw folderError(error, this.folder);
    } finally {
      this.#size += done;
      this.#pending = bytes.toString("utf8", done);
    }
  }

  /** The end of a run is worth the reserve, and must survive a power cut. */
  #finish(): void {
    rmSync(join(this.folder, reserveFile), { force: true });
    this.#flush();
    fsyncSync(this.#descriptor);
  }
}

/** Mends a torn last line: a whole record gets its line's end, anything else is cut off. */
function repair(descriptor: number): { size: number; last: LogRecord | undefined } {
  const { size } = fstatSync(descriptor);
  for (let length = Math.min(size, 64 * 1024); ; length = Math.min(size, length * 4)) {
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, size - length);
    const end = bytes.lastIndexOf(newline) + 1;
    const lines = bytes.toString("utf8", 0, end).split("\n");
    if (length < size) lines.shift(); // it may begin before
    const last = parseLog(lines, 0, size).at(-1);
    if (!last && length < size) continue;
    const torn = parseLog([bytes.toString("utf8", end)], last ? last.seq + 1 : 0, size).at(-1);
    if (torn) return { size: size + writeSync(descriptor, "\n"), last: torn };
    ftruncateSync(descriptor, size - length + end);
    return { size: size - length + end, last };
  }
}
