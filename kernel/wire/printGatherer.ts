/** Printed text of one cell and stream. */
export interface Print {
  /** The header of the cell's request, as JSON. */
  parent: string;
  stream: "stdout" | "stderr";
  text: string;
}

/** How long text may wait for more, in milliseconds. */
const longest = 25;
/** How much text goes into one message, in UTF-16 units. */
const largest = 512 * 1024;

/** Gathers what is printed into fewer messages. Whoever sends something else calls `flush` first, and order is kept. */
export class PrintGatherer {
  readonly #publish: (print: Print) => void;
  #parent = "";
  #stream: Print["stream"] = "stdout";
  #texts: string[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(publish: (print: Print) => void) {
    this.#publish = publish;
  }

  add({ parent, stream, text }: Print): void {
    if (parent !== this.#parent || stream !== this.#stream) this.flush();
    this.#parent = parent;
    this.#stream = stream;
    this.#texts.push(text);
    this.#size += text.length;
    if (this.#size >= largest) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), longest);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#size === 0) return;
    this.#publish({ parent: this.#parent, stream: this.#stream, text: this.#texts.join("") });
    this.#texts = [];
    this.#size = 0;
  }
}
