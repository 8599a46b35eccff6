import { newHeader } from "../../../kernel/protocol/message.ts";
import type { ChannelMessage } from "./webSocketMessage.ts";

const defaultMost = 64 * 1024 * 1024;

/**
 * What a kernel said to a client that is away, for when it comes back: a page that is loaded again while a cell runs
 * gets the rest. Of a display's updates only the last is kept, so that hours of live plots take no room.
 */
export class Missed {
  readonly #most: number;
  #messages: { message: ChannelMessage; bytes: number }[] = [];
  #bytes = 0;
  /** The first of those that there was no room for, the oldest. */
  #lost: ChannelMessage | undefined;

  /** @param most bytes, more or less */
  constructor(most = defaultMost) {
    this.#most = most;
  }

  add(message: ChannelMessage): void {
    const display = updatedDisplay(message);
    if (display !== undefined) this.#drop((other) => updatedDisplay(other) === display);
    const bytes = sizeOf(message);
    this.#messages.push({ message, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#most) {
      const oldest = this.#messages.shift()!;
      this.#bytes -= oldest.bytes;
      this.#lost ??= oldest.message;
    }
  }

  /** All that was kept, in order; what was not kept is noted below its cell. */
  take(): ChannelMessage[] {
    const kept = this.#messages.map(({ message }) => message);
    const lost = this.#lost;
    this.#messages = [];
    this.#bytes = 0;
    this.#lost = undefined;
    return lost ? [noteOf(lost), ...kept] : kept;
  }

  #drop(matches: (message: ChannelMessage) => boolean): void {
    const at = this.#messages.findIndex(({ message }) => matches(message));
    if (at < 0) return;
    this.#bytes -= this.#messages[at]!.bytes;
    this.#messages.splice(at, 1);
  }
}

/** The name of the display that a message gives new data. */
function updatedDisplay({ message: { header, content } }: ChannelMessage): string | undefined {
  if (header.msg_type !== "update_display_data") return undefined;
  return (content.transient as { display_id?: string } | undefined)?.display_id;
}

function sizeOf({ message: { content, buffers } }: ChannelMessage): number {
  return JSON.stringify(content).length + buffers.reduce((sum, { length }) => sum + length, 1000);
}

function noteOf({ message: { header, parent_header } }: ChannelMessage): ChannelMessage {
  const text = "[output from while the page was away is missing here: there was too much of it]\n";
  return {
    channel: "iopub",
    message: {
      header: newHeader("stream", header.session),
      parent_header,
      metadata: {},
      content: { name: "stderr", text },
      buffers: [],
    },
  };
}
