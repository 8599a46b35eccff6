import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { basename, join } from "node:path";
import type { Catalog } from "../../src/core/catalog.ts";
import { FlamingoError, reportOf } from "../../src/core/errors.ts";
import { forkModule } from "../../src/package/forkModule.ts";
import { listRuns, readRun } from "../../src/runs/folder.ts";
import type { Home } from "../../src/runs/home.ts";
import { createJob, type JobRequest } from "../../src/runs/job.ts";
import { leaseHolder } from "../../src/runs/lease.ts";
import { RunLog } from "../../src/runs/log.ts";
import { type MarksChange, marksSchema } from "../../src/runs/marks.ts";
import { readMarks, writeMarks } from "../../src/runs/marksFile.ts";
import { LocalQueue, type RunQueue } from "../../src/runs/queue.ts";
import { endsRun, isOver, type RecordBody, type RunStatus } from "../../src/runs/record.ts";
import type { RunSummary } from "../shared/protocol.ts";
import { Summaries } from "./summary.ts";
import type { TrainerMessage } from "./trainerProcess.ts";
import { Trash } from "./trash.ts";

export interface RunManagerOptions {
  home: Home;
  catalog: Catalog;
  /** The module that a run's process loads. */
  trainer: string;
  /** Milliseconds that a run has to stop by itself, before its process is ended. */
  grace?: number;
}

interface Lane {
  id: string;
  child: ChildProcess;
  /** Set once the run was asked to stop: ends the process when its time is over. */
  deadline?: NodeJS.Timeout;
  killed: boolean;
  done: Promise<void>;
}

const defaultGrace = 5_000;
const pattern = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * Owns the runs that the studio starts: one at a time, or as many side by side as a person wants; the others wait in line. Each is in a
 * process of its own. What happens in a run is in its log and nowhere else; a process that dies without a last word gets one here.
 */
export class RunManager {
  readonly #options: RunManagerOptions;
  readonly #summaries = new Summaries();
  readonly #queue: RunQueue = new LocalQueue();
  readonly #trash: Trash;
  /** Runs under way, by id. */
  readonly #under = new Map<string, Lane>();
  #lanes = 1;
  #closed = false;
  /** Called when a run's state changed by what was done here. */
  onChange: () => void = () => {};

  constructor(options: RunManagerOptions) {
    this.#options = options;
    this.#trash = new Trash(options.home.trash, options.home.runs);
  }

  /**
   * Takes up what a former studio left behind: runs that waited wait again, and those that it carried out get their last
   * word: they failed, and can be resumed.
   */
  async recover(): Promise<void> {
    const list = await this.list();
    this.#queue.recover(list.filter(({ status }) => status === "queued").map(({ id }) => this.folder(id)));
    this.#next();
    for (const { id, status } of list) {
      const folder = this.folder(id);
      if (status !== "failed" || leaseHolder(folder) !== undefined) continue;
      const message = "the studio ended while the run went on";
      this.#addUnlessFinished(id, failed(message, "resume the run: it goes on from its last checkpoint"));
    }
  }

  /**
   * Starts a run of a pipeline as it is now.
   * @returns its id
   * @throws FlamingoError for whatever is wrong with the pipeline, RUN_FOLDER, DISK_FULL
   */
  async start(request: JobRequest): Promise<string> {
    const { catalog, home } = this.#options;
    const { id } = await createJob(request, catalog, { runs: home.runs });
    this.#enqueue(id);
    return id;
  }

  /** Goes on with a run that stopped or failed, or that another studio left waiting. */
  async resume(id: string): Promise<void> {
    const before = this.#under.get(id);
    const { status } = await this.#require(id);
    if (status !== "stopped" && status !== "failed" && !this.#isAbandoned(id, status))
      throw conflict(`the run is ${status}`, "resume a run that stopped or failed");
    if (before) await before.done; // its process is just ending
    if (this.#owns(id)) throw conflict("the run goes on already", "watch it");
    this.#enqueue(id);
  }

  async pause(id: string): Promise<void> {
    this.#tell(await this.#running(id, "paused"), { type: "pause" });
  }

  async continue(id: string): Promise<void> {
    this.#tell(await this.#running(id, "continued"), { type: "continue" });
  }

  /** Stops a run at its next step; asked again, it changes nothing. */
  async stop(id: string): Promise<void> {
    if (this.#queue.remove(this.folder(id))) {
      this.onChange();
      return;
    }
    const { status } = await this.#require(id);
    if (this.#isAbandoned(id, status)) {
      this.#addUnlessFinished(id, { channel: "status", value: { status: "stopped" } });
      this.onChange();
      return;
    }
    this.#stopLane(await this.#running(id, "stopped"));
  }

  /** All runs of the home folder, the newest first: also those that a command line or a notebook made. */
  async list(): Promise<RunSummary[]> {
    const { runs } = this.#options.home;
    const ids = (await listRuns(runs)).filter((id) => pattern.test(id));
    const summaries = await Promise.all(ids.map((id) => this.#summaries.of(join(runs, id), id, this.#owns(id))));
    return summaries.filter((summary) => summary !== undefined).sort((a, b) => b.created - a.created);
  }

  get home(): Home {
    return this.#options.home;
  }

  folder(id: string): string {
    if (!pattern.test(id)) throw missing(id);
    return join(this.#options.home.runs, id);
  }

  /** @throws FlamingoError NOT_FOUND if there is no such run */
  async find(id: string): Promise<string> {
    await this.#require(id);
    return this.folder(id);
  }

  /** Changes what is noted about a run. @throws FlamingoError NOT_FOUND, RUN_FOLDER, DISK_FULL */
  async mark(id: string, change: MarksChange): Promise<void> {
    const folder = await this.find(id);
    await writeMarks(folder, marksSchema.parse({ ...(await readMarks(folder)), ...change }));
    this.onChange();
  }

  /** Moves a run that is over into the trash. @throws FlamingoError NOT_FOUND, CONFLICT, RUN_FOLDER */
  async delete(id: string): Promise<void> {
    const { status } = await this.#require(id);
    const writes = !isOver(status) || this.#owns(id) || leaseHolder(this.folder(id)) !== undefined;
    if (writes) throw conflict(`the run is ${status}`, "stop it first");
    await this.#trash.put(id);
    this.onChange();
  }

  /** Takes a run out of the trash. */
  async restore(id: string): Promise<void> {
    this.folder(id);
    await this.#trash.restore(id);
    this.onChange();
  }

  /** How many runs are carried out side by side. */
  get lanes(): number {
    return this.#lanes;
  }

  /** Runs that are under way go on; those that wait begin where there is room. */
  setLanes(lanes: number): void {
    this.#lanes = lanes;
    this.#next();
    this.onChange();
  }

  get trash(): Pick<Trash, "list" | "empty"> {
    return this.#trash;
  }

  /** How many runs wait. They go on waiting when the studio has ended. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Stops the runs that go on, and comes back when the device is free. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.close();
    const lanes = [...this.#under.values()];
    for (const lane of lanes) this.#stopLane(lane);
    await Promise.all(lanes.map(({ done }) => done));
  }

  #owns(id: string): boolean {
    return this.#under.has(id) || this.#queue.has(this.folder(id));
  }

  /** Whether a run waits in the queue of a studio that has ended. */
  #isAbandoned(id: string, status: RunStatus): boolean {
    return status === "queued" && !this.#owns(id) && leaseHolder(this.folder(id)) === undefined;
  }

  async #require(id: string): Promise<RunSummary> {
    const summary = await this.#summaries.of(this.folder(id), id, this.#owns(id));
    if (!summary) throw missing(id);
    return summary;
  }

  async #running(id: string, wanted: string): Promise<Lane> {
    const { status } = await this.#require(id);
    const lane = this.#under.get(id);
    if (lane) return lane;
    const holder = leaseHolder(this.folder(id));
    if (holder !== undefined)
      throw conflict(`the run belongs to process ${holder.pid} on ${holder.host}`, "tell that process");
    throw conflict(`the run is ${status}`, `only a run that is under way can be ${wanted}`);
  }

  #enqueue(id: string): void {
    this.#queue.add(this.folder(id));
    this.#next();
    this.onChange();
  }

  #next(): void {
    while (this.#under.size < this.#lanes && !this.#closed) {
      const folder = this.#queue.take();
      if (folder === undefined) return;
      const id = basename(folder);
      try {
        this.#launch(id);
      } catch (error) {
        this.#addUnlessFinished(id, { channel: "status", value: { status: "failed", error: { ...reportOf(error) } } });
      }
    }
  }

  #launch(id: string): void {
    const folder = this.folder(id);
    const { home, trainer } = this.#options;
    const output = openSync(join(folder, outputFile), "a");
    const child = forkModule(trainer, {
      env: { FLAMINGO_HOME: home.folder },
      stdio: ["ignore", output, output, "ipc"],
    });
    closeSync(output);
    const ended = new Promise<string>((resolve) => {
      child.once("exit", (code, signal) => resolve(signal ? `by ${signal}` : `with code ${code}`));
      child.once("error", (error) => resolve(`because ${error.message}`));
    });
    const lane: Lane = { id, child, killed: false, done: ended.then((how) => this.#settle(lane, how)) };
    this.#under.set(id, lane);
    readRun(folder).then(
      ({ device }) => this.#tell(lane, { type: "run", folder, device }),
      () => child.kill("SIGKILL"),
    );
  }

  /** The process is gone: the log gets its last word if it has none, and the next run its turn. */
  #settle(lane: Lane, how: string): void {
    clearTimeout(lane.deadline);
    const file = join(this.folder(lane.id), outputFile);
    if (lane.killed) {
      const message = "the run did not stop in time, so its process was ended; it can be resumed from its checkpoint";
      this.#addUnlessFinished(lane.id, { channel: "message", value: { level: "warning", message } });
      this.#addUnlessFinished(lane.id, { channel: "status", value: { status: "stopped" } });
    } else {
      const message = `the run's process ended ${how}; most often the memory was not enough`;
      this.#addUnlessFinished(lane.id, failed(message, `resume the run, or make it smaller; its output is in ${file}`));
    }
    this.#under.delete(lane.id);
    this.#next();
    this.onChange();
  }

  #stopLane(lane: Lane): void {
    if (lane.deadline) return;
    lane.deadline = setTimeout(() => {
      lane.killed = true;
      lane.child.kill("SIGKILL");
    }, this.#options.grace ?? defaultGrace);
    this.#tell(lane, { type: "stop" });
  }

  #tell({ child }: Lane, message: TrainerMessage): void {
    if (child.connected) child.send(message, () => {}); // a process that is gone is settled by its end
  }

  #addUnlessFinished(id: string, record: RecordBody): void {
    try {
      const log = RunLog.open(this.folder(id));
      if (!log.last || !endsRun(log.last)) log.append(record);
      log.close();
    } catch {
      // A full disk, or another writer: the list shows the run as failed for want of a writer.
    }
  }
}

const outputFile = "trainer.log";

function failed(message: string, fix: string): RecordBody {
  return { channel: "status", value: { status: "failed", error: { code: "PROCESS_DIED", message, fix } } };
}

function conflict(message: string, fix: string): FlamingoError {
  return new FlamingoError("CONFLICT", message, { fix });
}

function missing(id: string): FlamingoError {
  return new FlamingoError("NOT_FOUND", `there is no run "${id}"`, { source: id, fix: "choose one from the list" });
}
