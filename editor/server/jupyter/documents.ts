import type { Worker } from "node:worker_threads";
import { type ErrorReport, FlamingoError } from "../../../src/core/errors.ts";
import { startThread } from "../../../src/package/startThread.ts";
import { notebookJson, readSaved, type SavedDocument } from "./document.ts";

export interface DocumentQuestion {
  id: number;
  what: "readSaved" | "notebookJson";
  bytes: Uint8Array;
  path: string;
}

export type DocumentAnswer = { id: number } & ({ value: SavedDocument | Uint8Array } | { error: ErrorReport });

/** Bytes up to which a document is read at once; a larger one would hold up every other request. */
const small = 256 * 1024;
/** Of the thread: a document of the largest size and all that is made of it. */
const mostMemory = 2048;

/** Reads documents; the large ones in a thread of its own, which starts with the first of them. */
export class Documents {
  #worker: Worker | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, (answer: DocumentAnswer) => void>();

  /** What a request asks to be saved. @throws FlamingoError USAGE, INVALID_NOTEBOOK */
  async readSaved(body: Uint8Array, path: string): Promise<SavedDocument> {
    if (body.length <= small) return readSaved(body, path);
    return (await this.#ask("readSaved", body, path)) as SavedDocument;
  }

  /** The content of a notebook's file as JSON. @throws FlamingoError INVALID_NOTEBOOK */
  async notebookJson(file: Uint8Array, path: string): Promise<Uint8Array> {
    if (file.length <= small) return notebookJson(file, path);
    return (await this.#ask("notebookJson", file, path)) as Uint8Array;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #ask(what: DocumentQuestion["what"], bytes: Uint8Array, path: string): Promise<SavedDocument | Uint8Array> {
    this.#worker ??= this.#open();
    const id = this.#asked++;
    const answered = new Promise<DocumentAnswer>((resolve) => this.#waiting.set(id, resolve));
    this.#worker.postMessage({ id, what, bytes, path } satisfies DocumentQuestion);
    const answer = await answered;
    if ("value" in answer) return answer.value;
    const { code, message, ...details } = answer.error;
    throw new FlamingoError(code, message, details);
  }

  #open(): Worker {
    const source = new URL("./documentThread.ts", import.meta.url);
    const worker = startThread(source, undefined, { maxOldGenerationSizeMb: mostMemory });
    worker.unref();
    let reason = "it ended";
    worker.on("message", (answer: DocumentAnswer) => this.#answer(answer));
    worker.on("error", (error) => {
      reason = error.message;
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined; // the next one starts anew
      const message = `the document could not be read: ${reason}`;
      const error: ErrorReport = { code: "OUT_OF_MEMORY", message, fix: "make the document smaller" };
      for (const id of [...this.#waiting.keys()]) this.#answer({ id, error });
    });
    return worker;
  }

  #answer(answer: DocumentAnswer): void {
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }
}
