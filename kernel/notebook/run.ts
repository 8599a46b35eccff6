import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AttentionFrame, readFrame } from "../../src/channels/attention.ts";
import { type AttentionOptions, attentionMaps } from "../../src/channels/attentionMaps.ts";
import type { LogRecord } from "../../src/channels/channel.ts";
import { type Result, results } from "../../src/channels/results.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import type { CaptionModel } from "../../src/evaluation/captioning/captionModel.ts";
import { evaluateRun } from "../../src/execution/evaluateRun.ts";
import { saveModel } from "../../src/execution/modelFile.ts";
import { openCaptionModel } from "../../src/execution/openCaptionModel.ts";
import { executeRun } from "../../src/execution/run.ts";
import { conductRun } from "../../src/runs/conduct.ts";
import { checkpointFolder, pinnedFile, type RunRecord, readRun } from "../../src/runs/folder.ts";
import { findHome } from "../../src/runs/home.ts";
import { leaseHolder } from "../../src/runs/lease.ts";
import { LogReader } from "../../src/runs/reader.ts";
import { isOver, type LifecycleValue, type RecordSink } from "../../src/runs/record.ts";
import { runFigure } from "../../src/runs/runFigure.ts";
import { emptyRun, foldRecords, type RunState } from "../../src/runs/state.ts";
import { tailRecords } from "../../src/runs/tail.ts";
import { newestCheckpoint } from "../../src/training/checkpoint.ts";
import { type Cell, currentCell } from "../cell/cell.ts";
import { displayMethod } from "../display/displayMethod.ts";
import type { FormatOptions } from "../display/formatter.ts";
import { LiveDisplay } from "../display/live.ts";
import { NotebookFigure } from "../display/notebookFigure.ts";
import { StopButton } from "../display/stopButton.ts";
import { ActivityProgress } from "./activityProgress.ts";
import { notebookDevice } from "./device.ts";
import { type RunChannel, type RunChannels, runChannels } from "./runChannel.ts";
import { studioLink } from "./studioLink.ts";

export interface GoOnOptions {
  /** The device of the notebook by default. */
  device?: string;
  /** Whether live plots are shown below the cell. */
  show?: boolean;
}

/** The run that this process carries out; a device does one at a time. */
let busy: Run | undefined;

/**
 * A run: a folder with what was started, its log and its checkpoints. The studio shows it as well, live, whoever started it.
 * As a cell's last value it is its plots.
 */
export class Run {
  readonly id: string;
  readonly name: string;
  /** The run folder. */
  readonly folder: string;
  readonly record: RunRecord;
  /** What is watched in it, by name: `run.channels.loss.plot()`, `run.channels.gates.table()`. */
  readonly channels: RunChannels = runChannels(() => this.#state);
  #state: RunState = emptyRun();
  readonly #reader: LogReader;
  /** The cell below which its plots stand already. */
  #shownBy: Cell | undefined;

  private constructor(folder: string, record: RunRecord) {
    this.id = record.id;
    this.name = record.name;
    this.folder = folder;
    this.record = record;
    this.#reader = new LogReader(folder, 0);
  }

  /** @throws FlamingoError RUN_FOLDER if the folder holds no run */
  static async open(folder: string): Promise<Run> {
    const run = new Run(folder, await readRun(folder));
    await run.refresh();
    return run;
  }

  /** All that its log tells, as of the last time that it was read: series of loss and gates, samples, results. */
  get state(): RunState {
    return this.#state;
  }

  /**
   * `queued`, `running`, `succeeded`, `stopped`, `failed`, ... A run whose process ended without recording it has failed; one
   * that is queued has no process yet.
   */
  get status(): RunState["status"] {
    const { status } = this.#state;
    const isUnderWay = !isOver(status) && status !== "queued";
    return isUnderWay && leaseHolder(this.folder) === undefined ? "failed" : status;
  }

  /**
   * The loss of every step.
   *
   * @example
   * run.loss.plot({ log: true })
   */
  get loss(): RunChannel<"loss"> {
    return this.channels.loss;
  }

  /**
   * tanh of every gate after every step.
   *
   * @example
   * run.gates.plot({ map: true }) // gates by steps
   */
  get gates(): RunChannel<"gates"> {
    return this.channels.gates;
  }

  /** Its results on held-out data, as far as it was evaluated. */
  get results(): readonly Result[] {
    return this.#state.channels.results;
  }

  /** Reads what its log has gained. */
  async refresh(): Promise<this> {
    for (;;) {
      const records = await this.#reader.read();
      if (records.length === 0) return this;
      this.#state = foldRecords(this.#state, records);
    }
  }

  /**
   * Carries the run out in this notebook, from its last checkpoint on, with live plots below the cell. Interrupting the cell
   * stops it after its step, with a checkpoint; call it again to go on.
   * @throws FlamingoError CONFLICT if it has succeeded already or another run is under way; whatever stopped it
   */
  async resume({ device, show = true }: GoOnOptions = {}): Promise<this> {
    await this.refresh();
    if (this.#state.status === "succeeded") {
      const fix = "start another run, with more steps or another seed";
      throw new FlamingoError("CONFLICT", `the run "${this.id}" has succeeded already`, { source: this.folder, fix });
    }
    if (busy) {
      const fix = "interrupt it first, or await it";
      throw new FlamingoError("CONFLICT", `the run "${busy.id}" is under way in this notebook`, { fix });
    }
    busy = this;
    const work = this.#conduct(device ?? (await this.#device()), show).finally(() => {
      busy = undefined;
    });
    currentCell()?.heeds?.(work);
    await work;
    return this;
  }

  /** Shows the run's plots while it goes on elsewhere, until it ends or the cell is interrupted. */
  async watch(): Promise<this> {
    const cell = currentCell();
    await this.refresh();
    const live = cell && new LiveDisplay(cell);
    live?.show((options) => this.#draw(options));
    const enough = new AbortController();
    const signal = cell ? AbortSignal.any([cell.signal, enough.signal]) : enough.signal;
    const hasEnded = () => isOver(this.status);
    const take = (records: LogRecord[]) => {
      this.#state = foldRecords(this.#state, records);
      live?.show((options) => this.#draw(options));
      if (hasEnded()) enough.abort();
    };
    const check = setInterval(() => hasEnded() && enough.abort(), 1000); // a process that died records no end
    try {
      const watching = hasEnded() ? Promise.resolve() : tailRecords(this.folder, this.#state.next, take, signal);
      const all = watching.then(() => this.refresh()); // its end may have been recorded since the last read
      await (live?.finishAfter(all) ?? all);
    } finally {
      clearInterval(check);
      this.#shownBy = cell;
    }
    return this;
  }

  /**
   * The trained model as the last checkpoint has it, ready to caption. The caller disposes it.
   * @throws FlamingoError NOT_FOUND if there is no checkpoint yet; INVALID_PIPELINE if its model does not caption
   */
  async captioner(): Promise<CaptionModel> {
    await notebookDevice();
    const { path, checkpoint } = await this.#checkpoint();
    return openCaptionModel(this.record.pipeline, checkpoint.weights, path, {
      seed: this.record.seed,
      models: findHome().models,
    });
  }

  /**
   * Evaluates the trained model on held-out data, with a progress bar below the cell; takes minutes for all of it. Returns the
   * results: where the cell is interrupted, those of the sets that were done.
   */
  async evaluate({ set, device }: { set?: string; device?: string } = {}): Promise<Result[]> {
    const work = this.#evaluate(device ?? (await this.#device()), set);
    currentCell()?.heeds?.(work);
    return work;
  }

  /** Saves what was trained, with the pipeline, as one file that `pretrainedCaptioner(file)` opens. */
  async saveModel(file: string): Promise<void> {
    const { checkpoint } = await this.#checkpoint();
    const { step, weights } = checkpoint;
    await saveModel(file, this.record.pipeline, weights, { seed: String(this.record.seed), steps: String(step) });
  }

  /**
   * What the tokens of the held-out images' captions attend to, as a figure.
   *
   * @example
   * await run.attention({ token: "heart", layer: 3, head: 0 })
   * @param options.step one of the steps that attention was recorded at; the last by default
   * @throws FlamingoError NOT_FOUND if there is no attention of that step
   */
  async attention({
    step,
    ...options
  }: Omit<AttentionOptions, "step"> & { step?: number } = {}): Promise<NotebookFigure> {
    const found = this.#frame(step);
    if (found) {
      const figure = { rows: [[attentionMaps(found.frame, options)]], label: `attention of ${this.name}` };
      return new NotebookFigure({ ...figure, revision: this.id }, { images: found.images });
    }
    const steps = this.#state.channels.attention.map((frame) => frame.step).join(", ");
    throw new FlamingoError("NOT_FOUND", `the run has no attention${step === undefined ? "" : ` of step ${step}`}`, {
      source: this.folder,
      fix: steps ? `ask for one of the steps ${steps}` : "add a Caption samples node to the pipeline, and train",
    });
  }

  /** All of it in one figure. */
  async figure(): Promise<NotebookFigure> {
    return this.#figure();
  }

  /** Prints where the studio shows it. */
  open(): void {
    const line = studioLink(`run=${this.id}`);
    const cell = currentCell();
    if (cell) cell.print("stdout", `${line}\n`);
    else console.log(line);
  }

  async [displayMethod](options: FormatOptions = {}): Promise<Record<string, unknown>> {
    await this.refresh();
    const cell = currentCell();
    if (cell && cell === this.#shownBy) return { "text/plain": `run ${this.id}: ${this.status}` };
    return (await this.#draw(options)).data;
  }

  async #conduct(device: string, show: boolean): Promise<void> {
    const cell = currentCell();
    const live = cell && show ? new LiveDisplay(cell) : undefined;
    const waiting: LogRecord[] = [];
    const fold = () => {
      this.#state = foldRecords(this.#state, waiting.splice(0));
    };
    const draw = (options: FormatOptions) => {
      fold();
      return this.#draw(options);
    };
    live?.show(draw);
    const stop = new AbortController();
    const button = live && cell ? new StopButton(cell, () => stop.abort()) : undefined;
    const conducted = conductRun(
      {
        folder: this.folder,
        device,
        home: findHome(),
        signal: cell ? AbortSignal.any([cell.signal, stop.signal]) : stop.signal,
        onRecord: (record) => {
          waiting.push(record);
          live?.show(draw);
        },
      },
      executeRun,
    ).then(({ error }) => {
      if (!error) return;
      const { code, message, ...details } = error;
      throw new FlamingoError(code, message, details);
    });
    try {
      await (live?.finishAfter(conducted) ?? conducted);
    } finally {
      button?.remove();
      fold();
      this.#shownBy = live && cell;
    }
  }

  async #evaluate(device: string, set: string | undefined): Promise<Result[]> {
    const found: Result[] = [];
    const progress = new ActivityProgress();
    const append: RecordSink["append"] = ({ channel, value }) => {
      if (channel === "results") found.push(results.value.parse(value));
      else if (channel === "node") progress.tell(value as LifecycleValue<"node">);
    };
    const signal = currentCell()?.signal ?? new AbortController().signal;
    try {
      await evaluateRun({
        folder: this.folder,
        device,
        signal,
        cache: findHome().cache,
        models: findHome().models,
        log: { append },
        ...(set === undefined ? {} : { set }),
      });
    } finally {
      progress.end();
    }
    return found;
  }

  #draw(options: FormatOptions) {
    return this.#figure().bundle(options);
  }

  #figure(): NotebookFigure {
    const state = { ...this.#state, status: this.status };
    const found = this.#frame();
    const now = state.status === "running" ? Date.now() : (state.updated ?? Date.now());
    return new NotebookFigure(runFigure(state, this.name, found?.frame, now), { images: found?.images ?? [] });
  }

  /**
   * The attention frame of a step, the last one by default, with its images. Read at once: while a run trains here, each
   * turn of waiting for a file lasts a step, and the live plots would come as much later.
   */
  #frame(step?: number): { frame: AttentionFrame; images: (Uint8Array | undefined)[] } | undefined {
    const frames = this.#state.channels.attention;
    const found = step === undefined ? frames.at(-1) : frames.find((frame) => frame.step === step);
    if (!found) return undefined;
    try {
      const frame = readFrame(JSON.parse(readFileSync(join(this.folder, found.file), "utf8")));
      const count = Math.max(0, ...frame.images.map(({ image }) => image + 1));
      return { frame, images: Array.from({ length: count }, (_, image) => this.#pinned(image)) };
    } catch {
      return undefined; // the file is gone: the rest is worth showing
    }
  }

  #pinned(image: number): Uint8Array | undefined {
    try {
      return readFileSync(join(this.folder, pinnedFile(image)));
    } catch {
      return undefined;
    }
  }

  async #checkpoint() {
    const cell = currentCell();
    const warn = (message: string) => (cell ? cell.print("stderr", `${message}\n`) : console.warn(message));
    const stored = await newestCheckpoint(join(this.folder, checkpointFolder), warn);
    if (stored) return stored;
    const fix = "let it train for a while, or resume it";
    throw new FlamingoError("NOT_FOUND", `the run "${this.id}" has no checkpoint yet`, { source: this.folder, fix });
  }

  async #device(): Promise<string> {
    return this.record.device === "auto" ? (await notebookDevice()).name : this.record.device;
  }
}
