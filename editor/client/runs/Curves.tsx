import { useCallback, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { AnyChannel } from "../../../src/channels/channel.ts";
import { channels } from "../../../src/channels/channels.ts";
import { css } from "../../../src/figures/colors.ts";
import type { LinesPanel } from "../../../src/figures/figure.ts";
import { type Overlaid, overlay } from "../../../src/figures/overlay.ts";
import { panelPlotly } from "../../../src/figures/plotly.ts";
import { channelFigure } from "../../../src/runs/channelFigure.ts";
import { loadPlotly } from "../figures/loadPlotly.ts";
import { PlotlyBox } from "../figures/PlotlyBox.tsx";
import { useRedraw } from "../figures/useRedraw.ts";
import { useSettings } from "../stores/settings.ts";
import { useTheme } from "../stores/theme.ts";
import { comparedState, useCompared } from "./compared.ts";
import type { RunVersion } from "./versions.ts";

const drawn = (channels as readonly AnyChannel[]).filter(({ figure }) => figure);
const noView = {};

/** The curves of a channel, of all runs over each other. */
export function Curves({ versions }: { versions: readonly RunVersion[] }) {
  const [channel, setChannel] = useState("loss");
  const [line, setLine] = useState<string | undefined>(undefined);
  const [names, setNames] = useState<readonly string[]>([]);
  const [panels, setPanels] = useState<readonly LinesPanel[]>([]);
  const box = useRef<HTMLElement>(null);
  const plots = useRef<(HTMLDivElement | null)[]>([]);
  const view = useSettings((settings) => settings.views[channel] ?? noView);
  const theme = useTheme();
  const draw = useCallback(async () => {
    const plotly = await loadPlotly();
    if (!box.current?.isConnected) return;
    const groups = panelsOf(versions, channel, view);
    const known = [...new Set(groups.flatMap((parts) => parts.flatMap(({ panel }) => panel.lines.map((l) => l.name))))];
    const next = groups.flatMap((parts) => overlay(parts, known.includes(line ?? "") ? line : undefined) ?? []);
    flushSync(() => {
      setNames(known);
      setPanels(next);
    });
    await Promise.all(
      next.map(async (panel, index) => {
        const element = plots.current[index];
        const made = panelPlotly(panel, theme, `${channel} ${line}`);
        if (element && made) await plotly.react(element, made.data as never, made.layout, made.config);
      }),
    );
  }, [versions, channel, line, view, theme]);
  useRedraw(box, draw, useCompared.subscribe);
  return (
    <section className="compare-part" aria-labelledby="curves" ref={box}>
      <div className="heading-row">
        <h2 id="curves">Curves</h2>
        <select aria-label="Channel" value={channel} onChange={(event) => setChannel(event.target.value)}>
          {drawn.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
        {names.length > 1 && (
          <select
            aria-label="Line"
            value={names.includes(line ?? "") ? line : ""}
            onChange={(event) => setLine(event.target.value || undefined)}
          >
            <option value="">every line</option>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </div>
      {panels.length === 0 && (
        <p className="muted">
          None of these runs has recorded anything yet: curves come with the first steps of a training.
        </p>
      )}
      <div className="compare-plots">
        {panels.map((panel, index) => (
          <figure key={panel.title} className="compare-plot">
            {panels.length > 1 && <figcaption>{panel.title}</figcaption>}
            <PlotlyBox
              hold={(element) => {
                plots.current[index] = element;
              }}
              label={`${panel.title} of all runs`}
              testId={index === 0 ? "compare-plot" : undefined}
            />
            {panel.notes.length > 0 && <p className="figure-notes">{panel.notes.join("; ")}</p>}
          </figure>
        ))}
      </div>
      <div className="figure-legend" aria-hidden="true">
        {(versions.length > 1 ? versions : versions.flatMap(({ runs }) => runs)).map(({ name, color }) => (
          <span key={name}>
            <i style={{ background: css(color, theme) }} />
            {name}
          </span>
        ))}
      </div>
    </section>
  );
}

/** The panels of lines that a channel has, each of all runs that have it. */
function panelsOf(versions: readonly RunVersion[], channel: string, view: object): Overlaid[][] {
  const byTitle = new Map<string, Overlaid[]>();
  for (const { id, name, color } of versions.flatMap(({ runs }) => runs)) {
    for (const panel of channelFigure(comparedState(id), channel, view)?.rows.flat() ?? []) {
      if (panel.kind !== "lines") continue;
      byTitle.set(panel.title, [...(byTitle.get(panel.title) ?? []), { name, color, panel }]);
    }
  }
  return [...byTitle.values()];
}
