import katex from "katex";
import { useEffect, useRef } from "react";
import "katex/dist/katex.min.css";

/** A formula of the paper's, or the same with numbers put in. */
export function Formula({ tex, label }: { tex: string; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => katex.render(tex, box.current!, { displayMode: true, throwOnError: false, output: "html" }), [tex]);
  return <div ref={box} className="formula" role="math" aria-label={label} />;
}
