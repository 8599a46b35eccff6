import type { z } from "zod";
import { FlamingoError } from "../../core/errors.ts";
import { shortJson } from "../../core/json.ts";

/** The configuration that a field's error is about. */
export interface FieldSource {
  /** Whose configuration it is: `GPT-2`. */
  name: string;
  /** The field of the whole config.json that holds it, such as `lang`; "" for the whole of it. */
  within: string;
  schema: z.ZodType;
}

/** The error for what a schema finds in a config.json: the field by its whole path, what it is, and what is supported. */
export function fieldError(issue: z.core.$ZodIssue, { name, within, schema }: FieldSource): FlamingoError {
  const isUnknown = issue.code === "unrecognized_keys";
  const path = [within, ...issue.path, ...(isUnknown ? issue.keys.slice(0, 1) : [])].filter((part) => part !== "");
  const finding = isUnknown
    ? unknownOf(fieldsAt(schema, issue.path))
    : findingOf(issue as z.core.$ZodIssue & { input?: unknown });
  return new FlamingoError("INVALID_CONFIG", `config.json of ${name}: ${path.map(printKey).join(".")}${finding}`, {
    field: path.join("."),
    ...(isUnknown ? {} : { actual: issue.input }),
    fix: "use a model that does without it, or change config.json if it is wrong",
  });
}

/** What is wrong with a value: messages of our own say it all, those of the schema's library what is expected only. */
function findingOf({ code, input, message }: z.core.$ZodIssue): string {
  if (code === "custom" || !/^(Invalid|Too)/.test(message)) return `: ${message}`;
  const expected = message
    .replace(/^(Invalid (input|option|value)|Too (big|small)): /, "")
    .replace(/, received .*$/, "");
  return input === undefined ? ` is missing, ${expected}` : ` is ${shortJson(input)}, ${expected}`;
}

function unknownOf(known: readonly string[]): string {
  return ` is not supported${known.length > 0 ? `, only ${known.join(", ")}` : ""}`;
}

/** The names of the fields that the schema knows at a path; none where they depend on the value. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const inner = unwrapped(schema) as z.ZodObject;
  const [first, ...rest] = path;
  const shape: Record<string, z.ZodType> = inner.shape ?? {};
  if (first === undefined) return Object.keys(shape).filter((field) => !isNoted(shape[field]!));
  const field = shape[String(first)];
  return field ? fieldsAt(field, rest) : [];
}

/** Whether a field may have any value, since nothing is read from it. */
function isNoted(schema: z.ZodType): boolean {
  const { type, innerType } = schema.def as { type: string; innerType?: z.ZodType };
  return type === "optional" && innerType?.def.type === "any";
}

/** A field's schema without what gives it a default or lets it be null. */
function unwrapped(schema: z.ZodType): z.ZodType {
  const { innerType, in: input } = schema.def as { innerType?: z.ZodType; in?: z.ZodType };
  const next = innerType ?? input;
  return next ? unwrapped(next) : schema;
}

/** A key as a message shows it. */
function printKey(key: PropertyKey): string {
  return String(key).length > 80 ? `${String(key).slice(0, 80)}…` : String(key);
}
