import { z } from "zod";
import { checkNotebook, notebookLimits, parseNotebook, printNotebook } from "../../../kernel/nbformat/notebook.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { parseLimitedJson } from "../../../src/core/jsonText.ts";

export const fileType = z.enum(["notebook", "file", "directory"]);
export type FileType = z.output<typeof fileType>;

/** PUT: what to save. */
const saveRequest = z.object({
  type: fileType.default("file"),
  format: z.enum(["json", "text", "base64"]).nullish(),
  content: z.unknown(),
  chunk: z.undefined({ error: "files are not taken in pieces" }).optional(),
});

/** What a request asks to be saved: a file's whole content, or a folder. */
export interface SavedDocument {
  type: FileType;
  bytes: Uint8Array;
}

/**
 * Reads what a request asks to be saved, with the file's content as it is written.
 * @throws FlamingoError USAGE, INVALID_NOTEBOOK
 */
export function readSaved(body: Uint8Array, path: string): SavedDocument {
  const parsed = saveRequest.safeParse(parseBody(body));
  if (!parsed.success) throw unreadable(parsed.error);
  const { type, format, content } = parsed.data;
  if (type === "directory") return { type, bytes: new Uint8Array() };
  if (type === "notebook") return { type, bytes: Buffer.from(printNotebook(checkNotebook(content, path))) };
  if (typeof content !== "string") throw new FlamingoError("USAGE", `the content of "${path}" is no text`);
  return { type, bytes: format === "base64" ? fromBase64(content, path) : Buffer.from(content) };
}

/** The content of a notebook's file as the API has it: JSON. @throws FlamingoError INVALID_NOTEBOOK */
export function notebookJson(file: Uint8Array, path: string): Uint8Array {
  return Buffer.from(JSON.stringify(parseNotebook(textOf(file), path)));
}

/** A request's body as JSON; nothing at all is nothing. @throws FlamingoError USAGE */
export function parseBody(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  try {
    return parseLimitedJson(textOf(body), notebookLimits);
  } catch (error) {
    if (error instanceof FlamingoError) throw error;
    throw new FlamingoError("USAGE", `the request cannot be read: ${(error as Error).message}`, { fix: "send JSON" });
  }
}

export function unreadable(error: z.ZodError): FlamingoError {
  const { path, message } = error.issues[0]!;
  return new FlamingoError("USAGE", `the request cannot be read: ${path.join(".") || "its body"}: ${message}`, {
    fix: "send what Jupyter's REST API says",
  });
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

/** Node's own reading passes over what is no base64. */
function fromBase64(content: string, path: string): Uint8Array {
  const plain = content.replaceAll(/\s/g, "");
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(plain) && plain.replace(/=+$/, "").length % 4 !== 1)
    return Buffer.from(plain, "base64");
  throw new FlamingoError("USAGE", `the content of "${path}" is no base64`, {
    fix: "encode the file's bytes as base64, or send text with the format text",
  });
}
