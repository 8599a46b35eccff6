import { fromCodePoints, toCodePoints } from "../document/codePoints.ts";
import { answering } from "./kernel.ts";

/** Names that fit at a place in the code, as the kernel knows them. Offsets are UTF-16 units. */
export interface Suggestions {
  from: number;
  to: number;
  items: { text: string; kind?: string; type?: string; documentation?: string }[];
}

export async function askSuggestions(code: string, cursor: number): Promise<Suggestions | undefined> {
  const connection = answering();
  if (!connection) return undefined;
  const { content } = await connection.requestComplete({ code, cursor_pos: toCodePoints(code, cursor) });
  if (content.status !== "ok") return undefined;
  const known = content.metadata._jupyter_types_experimental;
  const details = Array.isArray(known) ? (known as Record<string, unknown>[]) : [];
  const word = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return {
    from: fromCodePoints(code, content.cursor_start),
    to: fromCodePoints(code, content.cursor_end),
    items: content.matches.map((text, at) => {
      const detail = details[at]?.text === text ? details[at] : undefined;
      const [kind, type] = [word(detail?.type), word(detail?.signature)];
      const documentation = word(detail?.documentation) ?? word(detail?.docstring);
      return {
        text,
        ...(kind ? { kind } : {}),
        ...(type ? { type } : {}),
        ...(documentation ? { documentation } : {}),
      };
    }),
  };
}

/** What the kernel knows of the name at a place in the code: a bundle of Markdown and plain text. */
export async function askInspection(code: string, cursor: number): Promise<Record<string, unknown> | undefined> {
  const connection = answering();
  if (!connection) return undefined;
  const request = { code, cursor_pos: toCodePoints(code, cursor), detail_level: 0 as const };
  const { content } = await connection.requestInspect(request);
  return content.status === "ok" && content.found ? content.data : undefined;
}
