import { type ErrorDetails, FlamingoError } from "../core/errors.ts";

/** The error for a weights file that breaks a rule; every message leads with the file. */
export function refuse(source: string, finding: string, details: ErrorDetails = {}): FlamingoError {
  const fix = "get the file again from where it came, or save the weights once more";
  return new FlamingoError("INVALID_WEIGHTS", `${source}: ${finding}`, { source, fix, ...details });
}
