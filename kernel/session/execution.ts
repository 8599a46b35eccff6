import { MessageChannel } from "node:worker_threads";
import { runInCell } from "../cell/cell.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import { endShielded } from "../cell/shield.ts";
import type { CellError, CellNames, Interpreter } from "../interpreter/interpreter.ts";
import { errorContent, toCellError } from "./cellError.ts";
import { Interrupted } from "./interrupted.ts";
import type { RequestCell } from "./requestCell.ts";
import { allowTermination } from "./termination.ts";

/** What to run. */
export interface Assignment {
  code: string;
  /** Whether its result is not to be shown. */
  silent: boolean;
  /** The cell's number. */
  count: number;
  /** Name → expression, evaluated after the code. */
  expressions: Record<string, string>;
}

/** How a cell ended, with its result as front ends take it. */
export type Executed = (
  | { status: "ok"; result: MimeBundle | undefined; expressions: Record<string, unknown> }
  | { status: "error"; error: CellError }
) & { names?: CellNames };

/**
 * Turns a cell's last value into its result: undefined where there is nothing to show, or it has shown itself. Without a cell
 * below which it could show itself, it never does.
 */
export type ShowResult = (value: unknown, cell?: RequestCell) => Promise<MimeBundle | undefined>;

/** How long an interrupted cell may take to end by itself, in milliseconds. */
const grace = 100;

/** One run of one cell. An interrupt ends it in any case, whatever the cell's code does. */
export class Execution {
  readonly cell: RequestCell;
  readonly #interpreter: Interpreter;
  readonly #showResult: ShowResult;
  readonly #ended: Promise<Executed>;
  #end: (executed: Executed) => void = () => {};
  #working = false;

  constructor(cell: RequestCell, interpreter: Interpreter, showResult: ShowResult) {
    this.cell = cell;
    this.#interpreter = interpreter;
    this.#showResult = showResult;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  run(assignment: Assignment): Promise<Executed> {
    this.#working = true;
    onEmptyStack(() =>
      runInCell(this.cell, () => {
        allowTermination();
        this.#work(assignment).then(
          (executed) => this.#worked(executed),
          (thrown) => this.#worked({ status: "error", error: toCellError(thrown) }),
        );
      }),
    );
    return this.#ended;
  }

  /**
   * Resolves when it has ended.
   * @param terminated its code was stopped by force, so it will not end by itself
   */
  async interrupt(terminated: boolean): Promise<void> {
    const again = this.cell.signal.aborted;
    this.cell.interrupt();
    if (terminated || again) this.#abandon();
    else this.cell.untilHeeded().then(() => setTimeout(() => this.#abandon(), grace));
    await this.#ended;
  }

  #worked(executed: Executed): void {
    if (!this.#working) return; // it was abandoned
    endShielded();
    this.#working = false;
    this.cell.end();
    // Whatever it threw after an interrupt, it threw because of it.
    const interrupted = executed.status === "error" && this.cell.signal.aborted;
    this.#end(interrupted ? { status: "error", error: toCellError(new Interrupted()) } : executed);
  }

  #abandon(): void {
    if (!this.#working) return;
    endShielded();
    this.#working = false;
    this.cell.end();
    this.#interpreter.recover();
    this.#end({ status: "error", error: toCellError(new Interrupted()) });
  }

  async #work({ code, silent, count, expressions }: Assignment): Promise<Executed> {
    const outcome = await this.#interpreter.evaluate(code, count);
    if (outcome.status === "error") return outcome;
    const result = silent ? undefined : await this.#showResult(outcome.value, this.cell);
    const answers: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries(expressions)) answers[name] = await this.#answer(expression, count);
    return { status: "ok", result, expressions: answers, ...(outcome.names ? { names: outcome.names } : {}) };
  }

  async #answer(expression: string, count: number): Promise<unknown> {
    const outcome = await this.#interpreter.evaluate(expression, count);
    if (outcome.status === "error") return errorContent(outcome.error);
    const { data, metadata = {} } = (await this.#showResult(outcome.value)) ?? {
      data: { "text/plain": String(outcome.value) },
    };
    return { status: "ok", data, metadata };
  }
}

/**
 * Runs something from the event loop itself. When it is terminated, all functions that are being called end with it: none
 * of them may be ours.
 */
function onEmptyStack(run: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port2.once("message", () => {
    port2.close();
    run();
  });
  port1.postMessage(undefined);
}
