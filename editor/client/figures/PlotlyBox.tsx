import { useEffect, useRef } from "react";
import { loadPlotly } from "./loadPlotly.ts";

/** Where Plotly draws; the plot follows its size. */
export function PlotlyBox(props: {
  hold: (element: HTMLDivElement | null) => void;
  label: string;
  testId: string | undefined;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => {
      const isDrawn = "data" in element;
      if (isDrawn && element.clientWidth > 0) void loadPlotly().then(({ Plots }) => Plots.resize(element));
    });
    observer.observe(element);
    return () => {
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
