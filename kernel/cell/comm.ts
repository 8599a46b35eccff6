/** Data that crosses a comm: JSON, and binary buffers beside it. */
export interface CommMessage {
  data: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  /** Any binary data when sent; bytes when heard. */
  buffers?: Uint8Array[];
}

export interface CommOpening extends CommMessage {
  /** The name under which the other side registered what answers. */
  target: string;
  /** Given by whoever opens; made up where absent. */
  id?: string;
}

/** A channel between code in the kernel and code in the front end (Jupyter messaging, custom messages). */
export interface Comm {
  readonly id: string;
  readonly target: string;
  send(message: CommMessage): void;
  close(message?: CommMessage): void;
  onMessage(listener: (message: CommMessage) => void): void;
  onClose(listener: (message: CommMessage) => void): void;
}
