import { useEffect, useRef } from "react";
import { loadPlotly } from "./loadPlotly.ts";

/** The part of an axis that a person looks at. */
export type Zoom = readonly [from: number, to: number];

/** An element that Plotly has drawn in: it tells what a person does there. */
interface Drawn extends HTMLDivElement {
  on(event: "plotly_relayout", listener: (change: Record<string, unknown>) => void): void;
}

function isDrawn(element: HTMLDivElement): element is Drawn {
  return "data" in element && "on" in element;
}

/** Where Plotly draws; the plot follows its size. */
export function PlotlyBox(props: {
  hold: (element: HTMLDivElement | null) => void;
  label: string;
  testId: string | undefined;
  /** Called with the part of the x axis that a person zooms in on. */
  onZoom?: (range: Zoom) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const zoom = useRef(props.onZoom);
  zoom.current = props.onZoom;
  useEffect(() => {
    const element = box.current!;
    let listens = false;
    const listen = () => {
      if (listens || !isDrawn(element)) return;
      listens = true;
      element.on("plotly_relayout", (change) => {
        const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
        if (typeof from === "number" && typeof to === "number") zoom.current?.([from, to]);
      });
    };
    element.addEventListener("pointerenter", listen); // Plotly has drawn by then
    const observer = new ResizeObserver(() => {
      if (isDrawn(element) && element.clientWidth > 0) void loadPlotly().then(({ Plots }) => Plots.resize(element));
    });
    observer.observe(element);
    return () => {
      element.removeEventListener("pointerenter", listen);
      observer.disconnect();
      void loadPlotly().then((plotly) => plotly.purge(element));
    };
  }, []);
  return (
    <div
      ref={(element) => {
        box.current = element;
        props.hold(element);
      }}
      className="plot"
      role="img"
      aria-label={props.label}
      data-testid={props.testId}
    />
  );
}
