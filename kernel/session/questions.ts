import { FlamingoError } from "../../src/core/errors.ts";
import type { Message } from "../protocol/message.ts";
import { readContent } from "../protocol/requests.ts";
import type { Request } from "../wire/wire.ts";
import type { Publisher } from "./publisher.ts";

interface Question {
  id: string;
  answer: (value: string) => void;
}

/** Asks persons for lines, one after the other. */
export class Questions {
  readonly #publisher: Publisher;
  #open: Question | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /**
   * Asks the front end that sent a request, when earlier questions are answered.
   * Rejects with the signal's reason when it is aborted, and with KERNEL_NO_STDIN where the front end cannot ask.
   * @param allowed whether the request said that it can
   */
  ask(request: Request, allowed: boolean, prompt: string, password: boolean, signal: AbortSignal): Promise<string> {
    if (!allowed) return Promise.reject(noStdin());
    const answer = this.#last.then(() => this.#askNow(request, prompt, password, signal));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  #askNow(request: Request, prompt: string, password: boolean, signal: AbortSignal): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      signal.throwIfAborted();
      const id = this.#publisher.ask(request, { prompt, password });
      this.#open = { id, answer: resolve };
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    }).finally(() => {
      this.#open = undefined;
    });
  }

  /** Takes an answer. One that nobody waits for is ignored. */
  answer(message: Message): void {
    const { value } = readContent("input_reply", message);
    // Some clients name no parent; then it is the question that is open.
    const parent = message.parent_header.msg_id;
    if (parent === undefined || parent === this.#open?.id) this.#open?.answer(value);
  }
}

function noStdin(): FlamingoError {
  return new FlamingoError("KERNEL_NO_STDIN", "this front end cannot ask for a line", {
    fix: "run the cell in a notebook's page, or give the value in the code",
  });
}
