import katex from "katex";
import { Marked, type TokenizerAndRendererExtension } from "marked";
import { decodePart } from "./address.ts";
import { type Place, sanitize } from "./sanitize.ts";
import "katex/dist/katex.min.css";

/** Formulas as TeX writers mark them: `$...$` in a line, `$$...$$` by themselves. A price such as $5 is none. */
const lineMath: TokenizerAndRendererExtension = {
  name: "lineMath",
  level: "inline",
  start: (text) => text.indexOf("$"),
  tokenizer(text) {
    const match = /^\$\$([^$]+?)\$\$|^\$(?!\s)((?:\\.|[^\\$\n])+?)(?<!\s)\$(?!\d)/.exec(text);
    if (!match) return undefined;
    return { type: "lineMath", raw: match[0], tex: match[1] ?? match[2], alone: match[1] !== undefined };
  },
  renderer: ({ tex, alone }) => printMath(tex, alone),
};

const blockMath: TokenizerAndRendererExtension = {
  name: "blockMath",
  level: "block",
  start: (text) => text.match(/^ {0,3}(\$\$|\\begin\{)/m)?.index,
  tokenizer(text) {
    const match =
      /^ {0,3}\$\$([\s\S]+?)\$\$[ \t]*(?:\n|$)|^ {0,3}(\\begin\{(\w+\*?)\}[\s\S]+?\\end\{\3\})[ \t]*(?:\n|$)/.exec(
        text,
      );
    if (!match) return undefined;
    return { type: "blockMath", raw: match[0], tex: match[1] ?? match[2] };
  },
  renderer: ({ tex }) => `<p>${printMath(tex, true)}</p>`,
};

const marked = new Marked({ gfm: true, extensions: [blockMath, lineMath] });

/** Files that a Markdown cell carries with it: name → MIME type → base64. */
export type Attachments = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Markdown with formulas, as nodes that are safe to show. */
export function renderMarkdown(text: string, from: Place, attachments: Attachments = {}): DocumentFragment {
  const whole = text.replaceAll(/\]\(attachment:([^)\s]+)/g, (link, name: string) => {
    const file = decodePart(name);
    const [type, data] = Object.entries((Object.hasOwn(attachments, file) && attachments[file]) || {})[0] ?? [];
    return type === undefined ? link : `](data:${type};base64,${String(data).replaceAll(/\s/g, "")}`;
  });
  return sanitize(marked.parse(whole, { async: false }), from);
}

/** TeX as the body of a `text/latex` output is: with the dollars around it, or without. */
export function renderLatex(text: string, from: Place): DocumentFragment {
  const inner = /^\s*(\$\$?|\\\[)([\s\S]*?)(\$\$?|\\\])\s*$/.exec(text);
  return sanitize(printMath(inner?.[2] ?? text, true), from);
}

function printMath(tex: string, displayMode: boolean): string {
  return katex.renderToString(tex.trim(), { displayMode, throwOnError: false, errorColor: "var(--bad)" });
}
