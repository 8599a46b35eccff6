import { useLayoutEffect, useRef } from "react";
import { loadImages, sanitize } from "../show/sanitize.ts";

/** How HTML without style sheets of its own looks. */
const plainStyle = `
  :host { display: block; overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: 3px 12px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
  th { color: var(--muted); font-weight: 600; }
  a { color: var(--blue); }
  img, svg { max-width: 100%; }
  pre, code { font-family: var(--mono); font-size: 13px; }
  progress { accent-color: var(--pink); }
`;

/** HTML of a cell: made safe, and in a shadow root, so that its style sheets stay with it and the page's out of it. */
export function HtmlOutput({ html, notebook }: { html: string; notebook: string }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const root = box.current!.shadowRoot ?? box.current!.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent = plainStyle;
    root.replaceChildren(style, sanitize(html, { notebook }, { styles: true }));
    loadImages(root);
  }, [html, notebook]);
  return <div ref={box} className="html-output" />;
}
