type Stream = "stdout" | "stderr";

/**
 * Sends to the page what code writes to stdout and stderr, `console` included.
 * @param write is given each piece of text; where it says false, the text goes where it went before
 */
export function captureOutput(write: (stream: Stream, text: string) => boolean): void {
  // Else `console` keeps it to itself where a write throws, and an interrupted cell could go on printing without end.
  Object.assign(console, { _ignoreErrors: false });
  for (const stream of ["stdout", "stderr"] as const) {
    const decoder = new TextDecoder(); // a character may come in two pieces
    const writeOutside = process[stream].write.bind(process[stream]);
    process[stream].write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
      const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
      if (!write(stream, text)) return writeOutside(text);
      const callback = typeof encoding === "function" ? encoding : done;
      if (typeof callback === "function") queueMicrotask(() => callback());
      return true;
    };
  }
}
