import { setTimeout } from "node:timers/promises";
import { FlamingoError } from "../../src/core/errors.ts";
import type { Cell } from "../cell/cell.ts";
import type { Comm, CommOpening } from "../cell/comm.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import { heedingUntil } from "../cell/shield.ts";
import type { Header } from "../protocol/message.ts";
import type { Request } from "../wire/wire.ts";
import type { Comms } from "./comms.ts";
import { Interrupted } from "./interrupted.ts";
import type { Publisher } from "./publisher.ts";
import type { Questions } from "./questions.ts";

/** How long after an interrupt a cell's code may still print and show, in milliseconds. */
const farewell = 1_000;
/** How long work that heeds an interrupt may take to end, in milliseconds. */
const heedTime = 10_000;

/** What a cell's code does to the page: messages whose parent is the request that sent the cell. */
export class RequestCell implements Cell {
  readonly #request: Request;
  readonly #parent: string;
  readonly #mayAsk: boolean;
  readonly #publisher: Publisher;
  readonly #comms: Comms;
  readonly #questions: Questions;
  readonly #abort = new AbortController();
  readonly #over = new AbortController();
  readonly #heeding = new Set<Promise<unknown>>();
  #interruptedAt = Number.POSITIVE_INFINITY;
  #hasEnded = false;

  constructor(
    request: Request,
    mayAsk: boolean,
    { publisher, comms, questions }: { publisher: Publisher; comms: Comms; questions: Questions },
  ) {
    this.#request = request;
    this.#parent = JSON.stringify(request.message.header);
    this.#mayAsk = mayAsk;
    this.#publisher = publisher;
    this.#comms = comms;
    this.#questions = questions;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isGivenUp(): boolean {
    return this.#hasEnded && this.signal.aborted;
  }

  interrupt(): void {
    this.#interruptedAt = performance.now();
    this.#abort.abort(new Interrupted());
  }

  /** Its code has ended. Front ends take no answers below such a cell, so it gives up its questions. */
  end(): void {
    this.#hasEnded = true;
    this.#over.abort(unanswered());
  }

  heeds(work: Promise<unknown>): void {
    this.#heeding.add(work);
    heedingUntil(work);
    const end = () => {
      this.#heeding.delete(work);
      if (this.signal.aborted) this.#interruptedAt = performance.now();
    };
    work.then(end, end);
  }

  /** Resolves when no work is left that ends by itself, or when it has had time enough. */
  async untilHeeded(): Promise<void> {
    const enough = new AbortController();
    const late = setTimeout(heedTime, undefined, { signal: enough.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(this.#heeding), late]);
    enough.abort();
    this.#heeding.clear();
  }

  print(stream: "stdout" | "stderr", text: string): void {
    this.#refuseAfterInterrupt();
    this.tell(stream, text);
  }

  /** Prints what is not the cell's code to say, also long after an interrupt. */
  tell(stream: "stdout" | "stderr", text: string): void {
    if (text !== "") this.#publisher.print(this.#parent, stream, text);
  }

  display({ data, metadata = {} }: MimeBundle, displayId?: string): void {
    this.#publish("display_data", { data, metadata, transient: displayId ? { display_id: displayId } : {} });
  }

  updateDisplay({ data, metadata = {} }: MimeBundle, displayId: string): void {
    this.#publish("update_display_data", { data, metadata, transient: { display_id: displayId } });
  }

  clearOutput(wait = false): void {
    this.#publish("clear_output", { wait });
  }

  input(prompt: string, { password = false }: { password?: boolean } = {}): Promise<string> {
    const signal = AbortSignal.any([this.signal, this.#over.signal]);
    return this.#questions.ask(this.#request, this.#mayAsk, prompt, password, signal);
  }

  prompt(prompt: string): string {
    this.signal.throwIfAborted();
    return this.#questions.askNow(this.#request, this.#mayAsk, prompt);
  }

  openComm(opening: CommOpening): Comm {
    return this.#comms.open(opening, this.#header);
  }

  get #header(): Header {
    return this.#request.message.header;
  }

  #publish(type: string, content: Record<string, unknown>): void {
    this.#refuseAfterInterrupt();
    this.#publisher.publish(type, this.#header, content);
  }

  /** Work that takes no notice of an interrupt goes on behind the person's back; here it ends. */
  #refuseAfterInterrupt(): void {
    if (this.#heeding.size === 0 && performance.now() > this.#interruptedAt + farewell) throw this.signal.reason;
  }
}

function unanswered(): FlamingoError {
  return new FlamingoError("KERNEL_NO_STDIN", "the cell ended before its question was answered", {
    fix: "await input() in the cell that asks",
  });
}
