import { useMemo } from "react";
import { encodePart } from "../show/address.ts";
import { renderLatex, renderMarkdown } from "../show/markdown.ts";
import { readFigure } from "../show/plotlyFigure.ts";
import { type Form, richestForm } from "../show/richest.ts";
import { FigureOutput } from "./FigureOutput.tsx";
import { HtmlOutput } from "./HtmlOutput.tsx";
import { Markup } from "./Markup.tsx";
import { TerminalText } from "./TerminalText.tsx";

interface Bundle {
  data: Readonly<Record<string, unknown>>;
  metadata: Readonly<Record<string, unknown>>;
}

/** A value in the richest of its forms that the page can show. */
export function RichOutput({ data, metadata, notebook }: Bundle & { notebook: string }) {
  const plain = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
  const figure = useMemo(() => readFigure(data["application/vnd.plotly.v1+json"]), [data]);
  const form = richestForm(figure ? data : without(data, "application/vnd.plotly.v1+json"));
  if (form === undefined)
    return (
      <p className="muted">Nothing here that this page can show: {Object.keys(data).join(", ") || "it is empty"}.</p>
    );
  const content = data[form];
  if (form === "application/vnd.plotly.v1+json" && figure)
    return <FigureOutput figure={figure} label={plain || "Plot"} />;
  if (form === "application/json") return <TerminalText text={JSON.stringify(content, undefined, 2)} kind="result" />;
  const text = typeof content === "string" ? content : JSON.stringify(content);
  if (form.startsWith("image/")) return <RichImage form={form} content={text} alt={plain} size={metadata[form]} />;
  if (form === "text/html") return <HtmlOutput html={text} notebook={notebook} />;
  if (form === "text/markdown" || form === "text/latex")
    return <Formatted text={text} latex={form === "text/latex"} notebook={notebook} />;
  return <TerminalText text={text} kind="result" />;
}

function Formatted({ text, latex, notebook }: { text: string; latex: boolean; notebook: string }) {
  const nodes = useMemo(() => (latex ? renderLatex : renderMarkdown)(text, { notebook }), [text, latex, notebook]);
  return <Markup nodes={nodes} className="prose" />;
}

/** SVG is shown as an image too: what is in it cannot act on the page. */
function RichImage({ form, content, alt, size }: { form: Form; content: string; alt: string; size: unknown }) {
  const { width, height } = (size ?? {}) as { width?: number; height?: number };
  const body =
    form === "image/svg+xml" ? `charset=utf-8,${encodePart(content)}` : `base64,${content.replaceAll(/\s/g, "")}`;
  return (
    <img
      className="rich-image"
      src={`data:${form};${body}`}
      alt={alt || "Image"}
      {...(typeof width === "number" ? { width } : {})}
      {...(typeof height === "number" ? { height } : {})}
    />
  );
}

function without(data: Bundle["data"], form: string): Bundle["data"] {
  return Object.fromEntries(Object.entries(data).filter(([key]) => key !== form));
}
