import { type ErrorReport, FlamingoError } from "../../src/core/errors.ts";

/** What is told to whoever asks for something that is refused. */
export function refusalOf(f: () => unknown): ErrorReport {
  try {
    f();
  } catch (error) {
    if (error instanceof FlamingoError) return error.toJSON();
    throw error;
  }
  throw new Error("it was not refused");
}
