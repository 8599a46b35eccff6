import type { Header, JsonObject } from "../protocol/message.ts";
import type { Request, Wire } from "../wire/wire.ts";

type Parent = Header | Record<string, never>;

interface Extras {
  metadata?: JsonObject | undefined;
  buffers?: Uint8Array[] | undefined;
}

/** Sends what a kernel sends: answers to whoever asked, and the rest to all who listen. */
export class Publisher {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** To all front ends, below what `parent` asked. The topic is the message's type. */
  publish(type: string, parent: Parent, content: JsonObject, extras: Extras = {}): void {
    this.#wire.send({ channel: "iopub", identities: [Buffer.from(type)], type, parent, content, ...extras });
  }

  status(parent: Parent, state: "busy" | "idle"): void {
    this.publish("status", parent, { execution_state: state });
  }

  reply({ channel, identities, message }: Request, content: JsonObject, extras: Extras = {}): void {
    const type = message.header.msg_type.replace(/request$/, "reply");
    this.#wire.send({ channel, identities, type, parent: message.header, content, ...extras });
  }

  /** Asks the front end that sent a request. @returns the question's id */
  ask(request: Request, content: JsonObject): string {
    return this.#wire.send(question(request, content));
  }

  /** Asks, and holds this thread until the answer has come. @param hear is given answers to other questions */
  askNow(request: Request, content: JsonObject, hear: (request: Request) => void): Request {
    return this.#wire.awaitAnswer(question(request, content), hear);
  }

  print(parent: string, stream: "stdout" | "stderr", text: string): void {
    this.#wire.print(parent, stream, text);
  }
}

function question({ identities, message }: Request, content: JsonObject) {
  return { channel: "stdin", identities, type: "input_request", parent: message.header, content } as const;
}
