import { type PointerEvent, useEffect, useRef, useState } from "react";
import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";
import { type AttentionView, tokenAttention } from "../../../src/channels/tokenAttention.ts";
import { loadImage } from "../stores/image.ts";
import { pinnedImage } from "../stores/run.ts";
import { drawHeat, type Heat } from "./heat.ts";

/** What a map shows: a token's attention in a frame's image. */
export interface MapProps {
  run: string;
  frame: AttentionFrame;
  image: AttentionImage;
  view: AttentionView;
  token: number;
}

/** A token's attention laid over its image. An empty label hides it from those who cannot see it. */
export function HeatCanvas(props: MapProps & { size: number; end: number; label: string; smooth?: boolean }) {
  const { run, frame, image, view, token, size, end, label, smooth = false } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const loaded = useImage(pinnedImage(run, image.image, view.time === "all" ? 0 : view.time));
  useEffect(() => {
    const shares = tokenAttention(frame.layers, image, view, token);
    const heat: Heat = { image: loaded, shares, grid: frame.grid, end, smooth };
    drawHeat(canvas.current!, size, heat);
  }, [loaded, image, view, token, frame, size, end, smooth]);
  return (
    <canvas
      ref={canvas}
      style={{ width: size, height: size }}
      {...(label === "" ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    />
  );
}

/** An image once it is loaded. */
function useImage(source: string): HTMLImageElement | undefined {
  const [loaded, setLoaded] = useState<{ source: string; image: HTMLImageElement }>();
  useEffect(() => {
    const image = new Image();
    image.onload = () => setLoaded({ source, image });
    void loadImage(image, source).catch(() => {}); // the map stands without it
    return () => {
      image.onload = null;
    };
  }, [source]);
  return loaded?.source === source ? loaded.image : undefined;
}

/** The patch that a pointer is over, within the element that listens. */
export function patchAt(event: PointerEvent<HTMLElement>, { rows, columns }: AttentionFrame["grid"]): number {
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  const along = (part: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(part * count)));
  const row = along((event.clientY - top) / height, rows);
  return row * columns + along((event.clientX - left) / width, columns);
}
