import { FlamingoError } from "../../src/core/errors.ts";
import type { Message } from "../protocol/message.ts";
import { readContent } from "../protocol/requests.ts";
import type { Request } from "../wire/wire.ts";
import type { Publisher } from "./publisher.ts";

interface Question {
  /** Known once it has been asked. */
  id?: string;
  signal: AbortSignal;
  ask(): string;
  answer(value: string): void;
}

/** Asks persons for lines, one after the other. */
export class Questions {
  readonly #publisher: Publisher;
  /** The first one is open, the others wait. */
  readonly #line: Question[] = [];

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /**
   * Asks the front end that sent a request, when earlier questions are answered or given up.
   * Rejects with the signal's reason when it is aborted, and with KERNEL_NO_STDIN where the front end cannot ask.
   * @param allowed whether the request said that it can
   */
  async ask(
    request: Request,
    allowed: boolean,
    prompt: string,
    password: boolean,
    signal: AbortSignal,
  ): Promise<string> {
    if (!allowed) throw noStdin();
    signal.throwIfAborted();
    let giveUp = () => {};
    let question: Question | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        giveUp = () => reject(signal.reason);
        signal.addEventListener("abort", giveUp, { once: true });
        question = { signal, ask: () => this.#publisher.ask(request, { prompt, password }), answer: resolve };
        this.#line.push(question);
        this.#askFirst();
      });
    } finally {
      signal.removeEventListener("abort", giveUp);
      this.#line.splice(this.#line.indexOf(question!), 1);
      this.#askFirst();
    }
  }

  /** Asks at once, and holds this thread until the answer has come. @throws KERNEL_NO_STDIN where the front end cannot ask */
  askNow(request: Request, allowed: boolean, prompt: string): string {
    if (!allowed) throw noStdin();
    const others = ({ message }: Request) => this.answer(message);
    const { message } = this.#publisher.askNow(request, { prompt, password: false }, others);
    return readContent("input_reply", message).value;
  }

  #askFirst(): void {
    // An interrupt takes all of a cell's questions at once, and they leave the line one after the other.
    const first = this.#line.find(({ signal }) => !signal.aborted);
    if (first) first.id ??= first.ask();
  }

  /** Takes an answer. One that nobody waits for is ignored. */
  answer(message: Message): void {
    const { value } = readContent("input_reply", message);
    // Some clients name no parent; then it is the question that is open.
    const parent = message.parent_header.msg_id;
    const [open] = this.#line;
    if (parent === undefined || parent === open?.id) open?.answer(value);
  }
}

function noStdin(): FlamingoError {
  return new FlamingoError("KERNEL_NO_STDIN", "this front end cannot ask for a line", {
    fix: "run the cell in a notebook's page, or give the value in the code",
  });
}
