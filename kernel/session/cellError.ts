import { inspect } from "node:util";
import type { CellError } from "../interpreter/interpreter.ts";

/** Something thrown outside of the interpreter's care, by a formatter for instance, as an error of the cell. */
export function toCellError(thrown: unknown): CellError {
  if (!(thrown instanceof Error)) {
    const text = inspect(thrown);
    return { name: "Thrown", message: text, traceback: [text], thrown };
  }
  const { name, message } = thrown;
  return { name, message, traceback: [`${name}: ${message}`], thrown };
}

/** What an `error` message, and a reply that reports one, say. */
export function errorContent({ name, message, traceback }: CellError): Record<string, unknown> {
  return { status: "error", ename: name, evalue: message, traceback };
}
