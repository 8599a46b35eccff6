import { useLayoutEffect, useRef } from "react";
import { loadImages } from "../show/sanitize.ts";

/** Shows nodes that were made safe before (`sanitize`). */
export function Markup({ nodes, className }: { nodes: DocumentFragment; className: string }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.replaceChildren(nodes.cloneNode(true));
    if (box.current) loadImages(box.current);
  }, [nodes]);
  return <div ref={box} className={className} />;
}
