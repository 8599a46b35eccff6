import type { Message } from "../protocol/message.ts";

type Stream = "stdout" | "stderr";

/** How long text waits to be told whose it is, in milliseconds. */
const longest = 25;

/**
 * What a kernel's process writes outside of the protocol: a child process that inherits its output does, and so does a native
 * library. No code in the kernel sees it, so whoever started the process shows it, below the cell that was started last.
 */
export class OutsideOutput {
  readonly #show: (cell: Message["parent_header"], stream: Stream, text: string) => void;
  #cell: Message["parent_header"] | undefined;
  #waiting: { stream: Stream; text: string }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param show is called with text and the request whose cell it belongs to */
  constructor(show: (cell: Message["parent_header"], stream: Stream, text: string) => void) {
    this.#show = show;
  }

  // It comes by another way than messages do, and may be faster than the one that says that a cell has started.
  add(stream: Stream, text: string): void {
    const last = this.#waiting.at(-1);
    if (last?.stream === stream) last.text += text;
    else this.#waiting.push({ stream, text });
    this.#timer ??= setTimeout(() => this.flush(), longest);
  }

  /** Hears what the kernel publishes: whose cell starts, and ends. */
  hear({ header, parent_header, content }: Message): void {
    if (header.msg_type !== "status" || parent_header.msg_type !== "execute_request") return;
    if (content.execution_state === "busy") this.#cell = parent_header;
    else this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { stream, text } of this.#waiting.splice(0)) if (this.#cell) this.#show(this.#cell, stream, text);
  }
}
