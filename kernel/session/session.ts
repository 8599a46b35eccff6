import { inspect } from "node:util";
import { currentCell } from "../cell/cell.ts";
import { noteCommTarget } from "../cell/widgets.ts";
import type { Completions } from "../compiler/protocol.ts";
import type { Interpreter } from "../interpreter/interpreter.ts";
import type { JsonObject } from "../protocol/message.ts";
import { type RequestContent, readContent } from "../protocol/requests.ts";
import { log } from "../wire/log.ts";
import type { Request, Wire } from "../wire/wire.ts";
import { errorContent, toCellError } from "./cellError.ts";
import { Comms } from "./comms.ts";
import { toCodePoints, toUtf16 } from "./cursor.ts";
import type { ShowResult } from "./execution.ts";
import { ExecutionQueue, type OpenScopes } from "./executionQueue.ts";
import { searchHistory } from "./history.ts";
import type { HistoryFile } from "./historyFile.ts";
import { Interrupted } from "./interrupted.ts";
import { Publisher } from "./publisher.ts";
import { Questions } from "./questions.ts";
import type { RequestCell } from "./requestCell.ts";
import { tidyAfterTermination } from "./termination.ts";
import { VariableExplorer } from "./variableExplorer.ts";

/** What a session works with. */
export interface SessionOptions {
  wire: Wire;
  /** Loading; cells wait for it. Where it rejects, every request that needs it is told why. */
  interpreter: Promise<Interpreter>;
  showResult: ShowResult;
  history: HistoryFile;
  scopes: OpenScopes;
}

/** Answers a request: the reply's content, or nothing for a message that has no reply. */
type Handler = (request: Request) => JsonObject | undefined | Promise<JsonObject>;

/** One life of a kernel: answers every request that the thread of the sockets does not answer by itself. */
export class Session {
  readonly #interpreter: Promise<Interpreter>;
  readonly #history: HistoryFile;
  readonly #scopes: OpenScopes;
  readonly #publisher: Publisher;
  readonly #comms: Comms;
  readonly #questions: Questions;
  readonly #executions: ExecutionQueue;

  constructor({ wire, interpreter, showResult, history, scopes }: SessionOptions) {
    this.#interpreter = interpreter;
    this.#history = history;
    this.#scopes = scopes;
    this.#publisher = new Publisher(wire);
    this.#comms = new Comms(this.#publisher);
    this.#questions = new Questions(this.#publisher);
    const explorer = new VariableExplorer(interpreter);
    this.#executions = new ExecutionQueue({
      wire,
      interpreter,
      showResult,
      history,
      scopes,
      publisher: this.#publisher,
      comms: this.#comms,
      questions: this.#questions,
      ended: () => explorer.changed(),
    });
  }

  /**
   * Prints below the cell whose code runs; where none does, below the one that was started last, which did it most probably.
   * @returns false before the first cell
   */
  print(stream: "stdout" | "stderr", text: string): boolean {
    const cell = currentCell();
    if (cell) cell.print(stream, text);
    else this.#executions.lastCell?.tell(stream, text);
    return this.#executions.lastCell !== undefined;
  }

  /** Cells are run one after the other; everything else is answered at once, also while a cell waits for something. */
  onRequest(request: Request): void {
    const type = request.message.header.msg_type;
    if (type === "execute_request") this.#executions.add(request);
    else this.#answer(request, Object.hasOwn(this.#handlers, type) ? this.#handlers[type]! : ignore);
  }

  /**
   * Resolves when the cell that is interrupted has ended.
   * @param terminated what ran was stopped by force
   */
  async onInterrupt(terminated: boolean): Promise<void> {
    if (terminated) tidyAfterTermination();
    const ended = this.#executions.interrupt(terminated);
    if (terminated) this.#scopes.closeOthers();
    await ended;
  }

  /** Tells of what was thrown where nobody caught it, in a timer for instance. */
  onUncaught(thrown: unknown): void {
    if (thrown instanceof Interrupted) return; // work that was interrupted ends so
    const cell = (currentCell() as RequestCell | undefined) ?? this.#executions.lastCell;
    const text = (thrown instanceof Error && thrown.stack) || inspect(thrown);
    if (cell) cell.tell("stderr", `${text}\n`);
    else log(text);
  }

  readonly #handlers: Record<string, Handler> = {
    complete_request: ({ message }) => this.#complete(readContent("complete_request", message)),
    inspect_request: ({ message }) => this.#inspect(readContent("inspect_request", message)),
    is_complete_request: ({ message }) => this.#isComplete(readContent("is_complete_request", message)),
    history_request: ({ message }) => this.#searchHistory(readContent("history_request", message)),
    comm_info_request: ({ message }) => {
      const { target_name } = readContent("comm_info_request", message);
      noteCommTarget(target_name);
      return { status: "ok", comms: this.#comms.info(target_name) };
    },
    comm_open: ({ message }) => void this.#comms.onOpen(message),
    comm_msg: ({ message }) => void this.#comms.onMessage(message),
    comm_close: ({ message }) => void this.#comms.onClose(message),
    input_reply: ({ message }) => void this.#questions.answer(message),
    debug_request: ({ message }) => refuseDebugging(readContent("debug_request", message)),
  };

  async #answer(request: Request, handler: Handler): Promise<void> {
    const { header } = request.message;
    this.#publisher.status(header, "busy");
    try {
      const content = await handler(request);
      if (content) this.#publisher.reply(request, content);
    } catch (error) {
      if (header.msg_type.endsWith("_request")) this.#publisher.reply(request, errorContent(toCellError(error)));
      else log(`refused: ${error}`);
    }
    this.#publisher.status(header, "idle");
    // Front ends show the state that they heard of last, and a cell still runs.
    const running = this.#executions.running?.message.header;
    if (running) this.#publisher.status(running, "busy");
  }

  async #complete({ code, cursor_pos }: RequestContent<"complete_request">): Promise<JsonObject> {
    const interpreter = await this.#interpreter;
    const completions = await interpreter.complete(code, toUtf16(code, cursor_pos));
    const [start, end] = [toCodePoints(code, completions.start), toCodePoints(code, completions.end)];
    return {
      status: "ok",
      matches: completions.items.map(({ text }) => text),
      cursor_start: start,
      cursor_end: end,
      metadata: { _jupyter_types_experimental: typesOf(completions, start, end) },
    };
  }

  async #inspect({ code, cursor_pos }: RequestContent<"inspect_request">): Promise<JsonObject> {
    const interpreter = await this.#interpreter;
    const inspection = await interpreter.inspect(code, toUtf16(code, cursor_pos));
    if (!inspection) return { status: "ok", found: false, data: {}, metadata: {} };
    const { signature, documentation } = inspection;
    const data = {
      "text/plain": [signature, documentation].filter(Boolean).join("\n\n"),
      "text/markdown": [`\`\`\`typescript\n${signature}\n\`\`\``, documentation].filter(Boolean).join("\n\n"),
    };
    return { status: "ok", found: true, data, metadata: {} };
  }

  async #isComplete({ code }: RequestContent<"is_complete_request">): Promise<JsonObject> {
    const interpreter = await this.#interpreter;
    return { ...(await interpreter.isComplete(code)) };
  }

  #searchHistory(request: RequestContent<"history_request">): JsonObject {
    return { status: "ok", history: searchHistory(this.#history.read(), this.#history.session, request) };
  }
}

/** For a message of a type that nobody knows, the protocol has no answer. */
const ignore: Handler = () => undefined;

/** What front ends show beside each completion. */
function typesOf({ items }: Completions, start: number, end: number): JsonObject[] {
  return items.map(({ text, kind, type, documentation }) => ({
    start,
    end,
    text,
    type: kind,
    signature: type,
    documentation,
  }));
}

/** The answer of a Debug Adapter Protocol server to a request that it does not support. */
function refuseDebugging({ seq, command }: RequestContent<"debug_request">): JsonObject {
  return { type: "response", seq, request_seq: seq, success: false, command, message: "this kernel has no debugger" };
}
