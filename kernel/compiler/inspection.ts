import type ts from "typescript";
import { withoutPaths } from "./descriptions.ts";
import type { Inspection } from "./protocol.ts";

/** What TypeScript knows of the name at a position; inside a call's parentheses, of what is called. */
export function inspectionAt(service: ts.LanguageService, path: string, position: number): Inspection | undefined {
  const info = service.getQuickInfoAtPosition(path, position) ?? infoBefore(service, path, position);
  if (info) return inspectionOf(info);
  const help = service.getSignatureHelpItems(path, position, undefined);
  if (!help) return undefined;
  const { text } = service.getProgram()!.getSourceFile(path)!;
  const open = text.lastIndexOf("(", help.applicableSpan.start);
  const callee = text.slice(0, open).trimEnd().length;
  const called = callee > 0 ? service.getQuickInfoAtPosition(path, callee - 1) : undefined;
  return called && inspectionOf(called);
}

/** Behind a name, nothing else begins. */
function infoBefore(service: ts.LanguageService, path: string, position: number): ts.QuickInfo | undefined {
  const { text } = service.getProgram()!.getSourceFile(path)!;
  const isBehind = /[\p{ID_Continue}$]/u.test(text[position - 1] ?? "");
  return isBehind ? service.getQuickInfoAtPosition(path, position - 1) : undefined;
}

/** As signature and Markdown. */
function inspectionOf(info: ts.QuickInfo): Inspection {
  const join = (parts: ts.SymbolDisplayPart[] = []) => parts.map(({ text }) => text).join("");
  const tags = (info.tags ?? []).map(({ name, text }) => tagLine(name, join(text)));
  return {
    signature: withoutPaths(join(info.displayParts))
      .replace(/^\(alias\) /, "")
      .replace(/\n(import|export) .*$/, ""),
    documentation: [join(info.documentation), ...tags].filter(Boolean).join("\n\n"),
  };
}

function tagLine(tag: string, text: string): string {
  if (tag === "param") {
    const [, name = "", what = ""] = text.match(/^(\S+)\s*-?\s*([\s\S]*)$/) ?? [];
    return `*@param* \`${name}\` ${what}`.trimEnd();
  }
  if (tag === "example" && !text.includes("```")) return `*@example*\n\n\`\`\`ts\n${text}\n\`\`\``;
  return `*@${tag}* ${text}`.trimEnd();
}
