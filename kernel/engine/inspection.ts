import type * as TypeScript from "typescript";
import { withoutPaths } from "./descriptions.ts";
import type { Inspection } from "./engine.ts";
import { typescript as ts } from "./tslabModules.ts";

/** What TypeScript knows of a name, as signature and Markdown. */
export function inspectionOf(info: TypeScript.QuickInfo): Inspection {
  const join = (parts: TypeScript.SymbolDisplayPart[] = []) => parts.map(({ text }) => text).join("");
  const tags = (info.tags ?? []).map(({ name, text }) => tagLine(name, join(text)));
  return {
    signature: withoutPaths(join(info.displayParts))
      .replace(/^\(alias\) /, "")
      .replace(/\n(import|export) .*$/, ""),
    documentation: [join(info.documentation), ...tags].filter(Boolean).join("\n\n"),
  };
}

/** Where the name of what is called ends, of the innermost call in whose parentheses the cursor is. */
export function calleeAround(file: TypeScript.SourceFile, cursor: number, code: string): number | undefined {
  const before = file.text.length - code.length;
  let found: number | undefined;
  const visit = (node: TypeScript.Node): void => {
    if (node.pos > before + cursor || node.end < before + cursor) return;
    const isCall = ts.isCallExpression(node) || ts.isNewExpression(node);
    if (isCall && node.expression.end < before + cursor) found = node.expression.end - before;
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function tagLine(tag: string, text: string): string {
  if (tag === "param") {
    const [, name = "", what = ""] = text.match(/^(\S+)\s*-?\s*([\s\S]*)$/) ?? [];
    return `*@param* \`${name}\` ${what}`.trimEnd();
  }
  if (tag === "example" && !text.includes("```")) return `*@example*\n\n\`\`\`ts\n${text}\n\`\`\``;
  return `*@${tag}* ${text}`.trimEnd();
}
