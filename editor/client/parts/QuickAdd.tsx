import { useEffect, useMemo, useRef } from "react";
import { fittingBlocks } from "../graph/connection.ts";
import { useEditor } from "../stores/editor.ts";
import { toCanvas } from "../stores/viewport.ts";
import { forgetDrop, useWiring } from "../stores/wiring.ts";
import { addBlock, newNode } from "./addBlock.ts";

/** Where a wire was dropped on nothing: the blocks that it could lead to. */
export function QuickAdd() {
  const dropped = useWiring((wiring) => wiring.dropped);
  return dropped ? <Choices dropped={dropped} /> : null;
}

function Choices({ dropped }: { dropped: NonNullable<ReturnType<typeof useWiring.getState>["dropped"]> }) {
  const catalog = useEditor((editor) => editor.catalog);
  const list = useRef<HTMLDivElement>(null);
  const { end, x, y } = dropped;
  const fitting = useMemo(
    () => fittingBlocks(useEditor.getState().solvable, catalog, end, newNode).slice(0, 40),
    [catalog, end],
  );
  useEffect(() => {
    list.current?.querySelector<HTMLElement>("button")?.focus();
    const leave = (event: Event) => {
      if (event instanceof KeyboardEvent && event.key !== "Escape") return;
      if (event.target instanceof Node && event.type === "pointerdown" && list.current?.contains(event.target)) return;
      forgetDrop();
    };
    document.addEventListener("keydown", leave);
    document.addEventListener("pointerdown", leave);
    return () => {
      document.removeEventListener("keydown", leave);
      document.removeEventListener("pointerdown", leave);
    };
  }, []);
  const style = { left: Math.min(x, window.innerWidth - 260), top: Math.min(y, window.innerHeight - 300) };
  return (
    <div ref={list} className="quick-add popover" role="menu" aria-label="Blocks that fit" style={style}>
      <p className="popover-title">{fitting.length > 0 ? `Fits “${end.port}”` : `No block fits “${end.port}”`}</p>
      {fitting.map(({ type, port }) => (
        <button
          key={type}
          type="button"
          role="menuitem"
          className="menu-item"
          onClick={() => {
            addBlock(type, toCanvas(x, y), { end, port });
            forgetDrop();
          }}
        >
          <span>{catalog[type]!.title}</span>
          <span className="muted">{port}</span>
        </button>
      ))}
    </div>
  );
}
