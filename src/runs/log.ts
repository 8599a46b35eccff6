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
import type { RunEvent, RunEventBody } from "./event.ts";
import { folderError } from "./folderError.ts";
import { takeLease } from "./lease.ts";
import { eventsFile, parseEvent } from "./reader.ts";

/** Kept free on the disk, so that a run which fills it can still say so. */
const reserveFile = "events.reserve";
const reserveBytes = 64 * 1024;
const newline = 10;

export interface RunLogOptions {
  /** Sees every event as it is appended. */
  onEvent?: (event: RunEvent) => void;
  /** Writes bytes to the file; the system's own by default. */
  write?: (descriptor: number, bytes: Uint8Array, offset: number, length: number) => number;
}

/**
 * A run's log, for its one writer: lines of JSON that are only ever added to. An event is in the file when `append` comes
 * back, for what follows may block this thread for long, or be its end. Opening the log again goes on where it ended, and
 * cuts off a last line that a crash left half written.
 */
export class RunLog {
  readonly folder: string;
  readonly #descriptor: number;
  readonly #options: RunLogOptions;
  readonly #release: () => void;
  readonly #atExit = () => this.close(); // so that no mark of a writer stays
  #next: number;
  #size: number;
  #last: RunEvent | undefined;
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
      this.#descriptor = openSync(join(folder, eventsFile), "a+");
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

  /** The event that was appended last, in this process or before. */
  get last(): RunEvent | undefined {
    return this.#last;
  }

  /**
   * Adds an event, with its number and the time.
   * @throws FlamingoError DISK_FULL or RUN_FOLDER. The event is kept and tried again with the next.
   */
  append(body: RunEventBody): RunEvent {
    const line = JSON.stringify({ seq: this.#next, time: Date.now(), ...body });
    const event = JSON.parse(line) as RunEvent; // as readers see it: a number that is not finite is null
    this.#next++;
    this.#last = event;
    this.#pending += `${line}\n`;
    this.#options.onEvent?.(event);
    if (body.type === "run:finished") this.#finish();
    else this.#flush();
    return event;
  }

  /** Writes what waits and lets go of the file. What cannot be written any more is lost quietly. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.off("exit", this.#atExit);
    try {
      this.#flush();
    } catch {
      // Whoever appended was told, or is gone.
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

/** Mends a torn last line: what is a whole event gets its line's end, what is not goes. */
function repair(descriptor: number): { size: number; last: RunEvent | undefined } {
  const { size } = fstatSync(descriptor);
  for (let length = Math.min(size, 64 * 1024); ; length = Math.min(size, length * 4)) {
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, size - length);
    const end = bytes.lastIndexOf(newline) + 1;
    const lines = bytes.toString("utf8", 0, end).split("\n");
    const last = lines.map(parseEvent).findLast((event) => event !== undefined);
    if (!last && length < size) continue;
    const torn = parseEvent(bytes.toString("utf8", end));
    if (torn) return { size: size + writeSync(descriptor, "\n"), last: torn };
    ftruncateSync(descriptor, size - length + end);
    return { size: size - length + end, last };
  }
}
