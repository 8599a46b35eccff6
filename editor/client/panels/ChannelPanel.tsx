import { type ReactNode, useCallback, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { z } from "zod";
import type { AnyChannel } from "../../../src/channels/channel.ts";
import { printCsv } from "../../../src/channels/csv.ts";
import { css } from "../../../src/figures/colors.ts";
import type { Figure, LegendEntry, Panel } from "../../../src/figures/figure.ts";
import { panelPlotly } from "../../../src/figures/plotly.ts";
import { figureSvg } from "../../../src/figures/svg/figure.ts";
import { type ChannelName, channelFigure } from "../../../src/runs/channelFigure.ts";
import { loadPlotly } from "../figures/loadPlotly.ts";
import { PlotlyBox, type Zoom } from "../figures/PlotlyBox.tsx";
import { useRedraw } from "../figures/useRedraw.ts";
import { type Field, fieldsOf } from "../form/fields.ts";
import { Icon } from "../parts/Icon.tsx";
import { useRun } from "../stores/run.ts";
import { changeView, useSettings } from "../stores/settings.ts";
import { useTheme } from "../stores/theme.ts";
import { NoRun } from "./NoRun.tsx";

const noView = {};

/** A channel's figure, live, with controls for what a person can choose of it. Nothing here knows a channel by its name. */
export function ChannelPanel({ channel }: { channel: AnyChannel }) {
  const { name, summary } = channel;
  const box = useRef<HTMLDivElement>(null);
  const plots = useRef<(HTMLDivElement | null)[]>([]);
  const view = useSettings((settings) => settings.views[name] ?? noView);
  const theme = useTheme();
  const [figure, setFigure] = useState<Figure>();
  const drawn = useRef("");
  /** The steps that a person has zoomed in on, by panel. */
  const zooms = useRef(new Map<number, Zoom>());
  const [zoomed, setZoomed] = useState(0);
  const draw = useCallback(async () => {
    const plotly = await loadPlotly();
    const { id, state } = useRun.getState();
    const now = `${id} ${state.next} ${theme} ${JSON.stringify(view)} ${zoomed}`;
    if (now === drawn.current || !box.current?.isConnected) return;
    drawn.current = now;
    const next = channelFigure(state, name, view);
    flushSync(() => setFigure(next));
    const work = (next?.rows.flat() ?? []).map(async (panel, index) => {
      const element = plots.current[index];
      const zoom = zooms.current.get(index);
      const shown = zoom ? (channelFigure(state, name, view, zoom)?.rows.flat()[index] ?? panel) : panel;
      const made = panelPlotly(shown, theme, `${id} ${JSON.stringify(view)}`);
      if (element && made) await plotly.react(element, made.data as never, made.layout, made.config);
    });
    await Promise.all(work);
  }, [name, view, theme, zoomed]);
  const zoom = useCallback((index: number, range: Zoom) => {
    zooms.current.set(index, range);
    setZoomed((count) => count + 1);
  }, []);
  useRedraw(box, draw);
  const panels = figure?.rows.flat() ?? [];
  return (
    <div className="figure-panels" ref={box}>
      {panels.length === 0 && <NoRun sketch={sketchOf(name)} what={summary} />}
      {panels.map((panel, index) => (
        <section key={`${panel.kind} ${titleOf(panel)}`} className="figure-panel" aria-label={titleOf(panel)}>
          <Head panel={panel} title={panels.length > 1} testId={index === 0 ? `${name}-readout` : undefined}>
            {index === panels.length - 1 && <Controls channel={channel} view={view} />}
          </Head>
          {"legend" in panel && <Legend entries={panel.legend} />}
          <PanelBody
            panel={panel}
            hold={(element) => {
              plots.current[index] = element;
            }}
            testId={index === 0 ? `${name}-plot` : undefined}
            onZoom={(range) => zoom(index, range)}
          />
          {"notes" in panel && panel.notes.length > 0 && (
            <p className="figure-notes" data-testid={`${name}-notes`}>
              {panel.notes.join("; ")}
            </p>
          )}
        </section>
      ))}
    </div>
  );
}

function titleOf(panel: Panel): string {
  return "title" in panel ? panel.title : panel.name;
}

function Head(props: { panel: Panel; title: boolean; testId: string | undefined; children: ReactNode }) {
  const { panel, title, testId, children } = props;
  const readout = "readout" in panel ? panel.readout : undefined;
  return (
    <div className="panel-controls">
      <p className="readout" title={readout?.label}>
        {(title || !readout) && <span className="figure-title">{titleOf(panel)}</span>}
        {readout && (
          <>
            <strong data-testid={testId}>{readout.value}</strong>
            <span className="muted">{readout.label}</span>
          </>
        )}
      </p>
      {children}
    </div>
  );
}

function Legend({ entries }: { entries: readonly LegendEntry[] }) {
  const theme = useTheme();
  if (entries.length === 0) return null;
  return (
    <div className="figure-legend" aria-hidden="true">
      {entries.map(({ label, colors, dash, opacity = 1 }) => (
        <span key={label}>
          {dash === undefined ? (
            colors.map((color) => <i key={css(color, theme)} style={{ background: css(color, theme) }} />)
          ) : (
            <svg width="20" height="6" aria-hidden="true">
              <line
                x1="0"
                y1="3"
                x2="20"
                y2="3"
                stroke={colors[0] ? css(colors[0], theme) : "currentColor"}
                strokeOpacity={opacity}
                strokeDasharray={dash.join(" ") || "none"}
              />
            </svg>
          )}
          {label}
        </span>
      ))}
    </div>
  );
}

/** Where Plotly draws; a panel that it has no form for is drawn here. */
function PanelBody(props: {
  panel: Panel;
  hold: (element: HTMLDivElement | null) => void;
  testId: string | undefined;
  onZoom: (range: Zoom) => void;
}) {
  const { panel, hold, testId, onZoom } = props;
  const theme = useTheme();
  if (panel.kind !== "maps" && panel.kind !== "status")
    return (
      <PlotlyBox hold={hold} label={titleOf(panel)} testId={testId} {...(panel.kind === "lines" ? { onZoom } : {})} />
    );
  const svg = figureSvg({ rows: [[panel]], label: titleOf(panel) }, { background: theme });
  // biome-ignore lint/security/noDangerouslySetInnerHtml: our own renderer, which escapes all text
  return <div className="figure-svg" dangerouslySetInnerHTML={{ __html: svg }} data-testid={testId} />;
}

/** Controls for the fields of the channel's view, and a way to take its numbers along. */
function Controls({ channel, view }: { channel: AnyChannel; view: Record<string, unknown> }) {
  const fields: Field[] = channel.view ? fieldsOf({ config: z.toJSONSchema(channel.view) as never }) : [];
  return (
    <>
      {fields.map((field) => (
        <Control
          key={field.key}
          field={field}
          value={view[field.key] ?? field.default}
          change={(value) => changeView(channel.name, { [field.key]: value })}
        />
      ))}
      <button
        type="button"
        className="icon-button small"
        title="Download the values as CSV"
        aria-label="Download the values as CSV"
        onClick={() => download(channel)}
      >
        <Icon name="download" size={13} />
      </button>
    </>
  );
}

function Control({ field, value, change }: { field: Field; value: unknown; change: (value: unknown) => void }) {
  const { kind, title, description, minimum, maximum, choices } = field;
  if (kind === "boolean") {
    return (
      <label className="check" title={description}>
        <input type="checkbox" checked={value === true} onChange={(event) => change(event.target.checked)} />
        {title}
      </label>
    );
  }
  if (kind === "choice") {
    return (
      <label className="layer-select" title={description}>
        <span>{title}</span>
        <select
          value={String(value)}
          onChange={(event) => change(choices.find((each) => String(each) === event.target.value))}
        >
          {choices.map((choice) => (
            <option key={String(choice)}>{String(choice)}</option>
          ))}
        </select>
      </label>
    );
  }
  if (minimum === undefined || maximum === undefined) return null; // nothing that a slider could set
  return (
    <label className="slider" title={description}>
      <span className="if-wide">{title}</span>
      <input
        type="range"
        min={minimum}
        max={maximum}
        step={kind === "integer" ? 1 : (maximum - minimum) / 199}
        value={Number(value)}
        onChange={(event) => change(round(Number(event.target.value)))}
      />
      <output>{String(value)}</output>
    </label>
  );
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

function download(channel: AnyChannel): void {
  const { id, state } = useRun.getState();
  const table = channel.table(state.channels[channel.name as ChannelName]);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([printCsv(table)], { type: "text/csv" }));
  link.download = `${id ?? "run"}-${channel.name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The sketch of a panel that is empty: lines that fall for a loss, lines that rise for all else. */
function sketchOf(name: string): "loss" | "gates" {
  return name === "loss" ? "loss" : "gates";
}
