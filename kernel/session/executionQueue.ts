import type { MimeBundle } from "../cell/mimeBundle.ts";
import type { CellError, Interpreter } from "../interpreter/interpreter.ts";
import { type RequestContent, readContent } from "../protocol/requests.ts";
import type { Request, Wire } from "../wire/wire.ts";
import { errorContent, toCellError } from "./cellError.ts";
import type { Comms } from "./comms.ts";
import { type Executed, Execution, type ShowResult } from "./execution.ts";
import type { HistoryFile } from "./historyFile.ts";
import { Interrupted } from "./interrupted.ts";
import type { Publisher } from "./publisher.ts";
import type { Questions } from "./questions.ts";
import { RequestCell } from "./requestCell.ts";

/** What code that computes holds open, and never closes where it is terminated. */
export interface OpenScopes {
  /** Called before a cell runs. */
  note(): void;
  /** Called after code was terminated. */
  closeOthers(): void;
}

/** What running cells needs. */
export interface Workbench {
  wire: Wire;
  publisher: Publisher;
  comms: Comms;
  questions: Questions;
  history: HistoryFile;
  /** Loading; rejects where it cannot be loaded. */
  interpreter: Promise<Interpreter>;
  showResult: ShowResult;
  scopes: OpenScopes;
  /** Called when a cell has ended. */
  ended(): void;
}

/** Runs cells one after the other, in the order in which they came. */
export class ExecutionQueue {
  readonly #bench: Workbench;
  #waiting: Request[] = [];
  #running: Request | undefined;
  #execution: Execution | undefined;
  /** Whether an interrupt came while the cell ran that ran last, or while it waited to run. */
  #interrupted = false;
  #count = 0;
  /** The cell that was started last. */
  lastCell: RequestCell | undefined;

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  /** The request whose cell runs. */
  get running(): Request | undefined {
    return this.#running;
  }

  add(request: Request): void {
    this.#waiting.push(request);
    if (!this.#running) this.#runAll();
  }

  /** Ends what runs, and with it what waits. */
  async interrupt(terminated: boolean): Promise<void> {
    this.#interrupted = true;
    await this.#execution?.interrupt(terminated);
  }

  async #runAll(): Promise<void> {
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      const parent = request.message.header;
      this.#running = request;
      this.#bench.publisher.status(parent, "busy");
      this.#bench.wire.running(parent);
      const aborted = await this.#answer(request);
      this.#bench.wire.running(undefined);
      this.#bench.publisher.status(parent, "idle");
      for (const other of aborted) this.#abort(other);
    }
    this.#running = undefined;
  }

  /** @returns the requests that waited behind a cell that failed or was interrupted, and are not to be run */
  async #answer(request: Request): Promise<Request[]> {
    const { publisher } = this.#bench;
    let content: RequestContent<"execute_request">;
    try {
      content = readContent("execute_request", request.message);
    } catch (error) {
      publisher.reply(request, { ...errorContent(toCellError(error)), execution_count: this.#count });
      return [];
    }
    const executed = this.#publish(request, content, await this.#execute(request, content));
    // A cell that heeds an interrupt, such as a training, ends well all the same.
    const isLast = this.#interrupted || (executed.status === "error" && content.stop_on_error);
    const aborted = isLast ? await this.#takeWaiting() : [];
    const told =
      executed.status === "ok"
        ? { status: "ok", user_expressions: executed.expressions }
        : errorContent(executed.error);
    const metadata = executed.names ? { flamingo: { ...executed.names } } : {};
    publisher.reply(request, { ...told, execution_count: this.#count, payload: [] }, { metadata });
    this.#bench.ended();
    return aborted;
  }

  async #execute(request: Request, content: RequestContent<"execute_request">): Promise<Executed> {
    const { publisher, showResult, scopes } = this.#bench;
    const { code, silent, store_history, allow_stdin, user_expressions } = content;
    this.#interrupted = false;
    const isBlank = code.trim() === "";
    if (store_history && !silent && !isBlank) this.#count++;
    const parent = request.message.header;
    if (!silent) publisher.publish("execute_input", parent, { code, execution_count: this.#count });
    try {
      const interpreter = await this.#bench.interpreter;
      if (this.#interrupted) throw new Interrupted();
      this.lastCell = new RequestCell(request, allow_stdin, this.#bench);
      this.#execution = new Execution(this.lastCell, interpreter, showResult);
      scopes.note();
      return await this.#execution.run({ code, silent, count: this.#count, expressions: user_expressions ?? {} });
    } catch (error) {
      return { status: "error", error: toCellError(error) };
    } finally {
      this.#execution?.cell.end();
      this.#execution = undefined;
    }
  }

  /** Shows how a cell ended, and remembers it. A result that is no JSON is an error. */
  #publish(request: Request, content: RequestContent<"execute_request">, executed: Executed): Executed {
    const { silent, store_history, code } = content;
    if (silent) return executed;
    let shown: Executed = executed;
    try {
      if (shown.status === "ok" && shown.result) this.#publishResult(request, shown.result);
    } catch (error) {
      shown = { status: "error", error: toCellError(error) };
    }
    if (shown.status === "error") this.#publishError(request, shown.error);
    if (store_history && code.trim() !== "") {
      const text = shown.status === "ok" ? shown.result?.data["text/plain"] : undefined;
      this.#bench.history.add({ line: this.#count, input: code, output: typeof text === "string" ? text : null });
    }
    return shown;
  }

  #publishResult(request: Request, { data, metadata = {} }: MimeBundle): void {
    const content = { data, metadata, execution_count: this.#count };
    this.#bench.publisher.publish("execute_result", request.message.header, content);
  }

  #publishError(request: Request, error: CellError): void {
    const { status: _, ...content } = errorContent(error);
    this.#bench.publisher.publish("error", request.message.header, content);
  }

  /** All that was sent before anybody can know that a cell failed. What is sent after its reply is meant to run. */
  async #takeWaiting(): Promise<Request[]> {
    await this.#bench.wire.heardAll();
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #abort(request: Request): void {
    const { publisher } = this.#bench;
    publisher.status(request.message.header, "busy");
    publisher.reply(request, { status: "aborted", execution_count: this.#count });
    publisher.status(request.message.header, "idle");
  }
}
