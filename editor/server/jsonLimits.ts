import { FlamingoError } from "../../src/core/errors.ts";

const mostDepth = 32;
const mostValues = 200_000;
/** Names that mean something to JavaScript itself. */
const reserved: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Refuses what JSON can say and no honest request does, before anything looks into it: nesting that would use up the
 * stack, endless lists, and names that reach for an object's prototype.
 * @throws FlamingoError USAGE
 */
export function checkJson(value: unknown): void {
  let level: unknown[] = [value];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    values += level.length;
    if (depth > mostDepth) throw refused(`it is nested deeper than ${mostDepth} levels`);
    if (values > mostValues) throw refused(`it has more than ${mostValues} values`);
    const next: unknown[] = [];
    for (const item of level) {
      if (item === null || typeof item !== "object") continue;
      if (!Array.isArray(item)) {
        const bad = Object.keys(item).find((key) => reserved.has(key));
        if (bad !== undefined) throw refused(`a field is called "${bad}"`);
      }
      for (const child of Object.values(item)) next.push(child);
    }
    level = next;
  }
}

function refused(reason: string): FlamingoError {
  return new FlamingoError("USAGE", `the request cannot be read: ${reason}`, {
    fix: "send a smaller, plainer request",
  });
}
