import {
  type ComponentType,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from "react";
import type { AnyChannel } from "../../../src/channels/channel.ts";
import { channels } from "../../../src/channels/channels.ts";
import type { ChannelName } from "../../../src/runs/channelFigure.ts";
import { AttentionPanel } from "../panels/AttentionPanel.tsx";
import { ChangesPanel } from "../panels/ChangesPanel.tsx";
import { ChannelPanel } from "../panels/ChannelPanel.tsx";
import { InterventionPanel } from "../panels/InterventionPanel.tsx";
import { LogPanel } from "../panels/LogPanel.tsx";
import { ResultsPanel } from "../panels/ResultsPanel.tsx";
import { SamplesPanel } from "../panels/SamplesPanel.tsx";
import { useRun } from "../stores/run.ts";
import { changeSettings, showPanel, togglePanel, useSettings } from "../stores/settings.ts";
import { Icon } from "./Icon.tsx";
import { RunChooser } from "./RunChooser.tsx";

/** Panels of their own, for channels that show more than a figure. */
const ownPanels: Partial<Record<ChannelName, ComponentType>> = {
  attention: AttentionPanel,
  samples: SamplesPanel,
  results: ResultsPanel,
};

const panels: readonly { name: string; title: string; panel: ReactNode }[] = [
  ...(channels as readonly AnyChannel[]).map((channel) => {
    const Own = ownPanels[channel.name as ChannelName];
    return { name: channel.name, title: channel.title, panel: Own ? <Own /> : <ChannelPanel channel={channel} /> };
  }),
  { name: "intervention", title: "Intervention", panel: <InterventionPanel /> },
  { name: "changes", title: "Changes", panel: <ChangesPanel /> },
  { name: "log", title: "Log", panel: <LogPanel /> },
];

/** A panel is at least so wide; as many as fit stand side by side. */
const narrowest = 400;

/** The run's live panels, side by side. */
export function Dock() {
  const chosenOpen = useSettings((settings) => settings.dock);
  const hasRun = useRun((run) => run.id !== undefined);
  const open = chosenOpen ?? hasRun;
  const height = useSettings((settings) => settings.dockHeight);
  const chosen = useSettings((settings) => settings.panels);
  const room = useRoom();
  const known = chosen.filter((name) => panels.some((panel) => panel.name === name));
  const shown = panels.filter(({ name }) => known.slice(-room).includes(name));
  useBusyPanels();
  return (
    <section
      className="dock"
      aria-label="Run"
      data-open={open}
      style={open ? { height: height ?? usualHeight } : undefined}
    >
      {open && <Splitter />}
      <div className="dock-bar">
        <div className="tabs" role="toolbar" aria-label="Panels">
          {panels.map(({ name, title }) => (
            <button
              key={name}
              type="button"
              className="tab"
              aria-pressed={open && shown.some((panel) => panel.name === name)}
              data-panel={name}
              onClick={() => {
                if (!open || !shown.some((panel) => panel.name === name)) showPanel(name);
                else togglePanel(name);
              }}
            >
              {title}
              <Badge name={name} />
            </button>
          ))}
        </div>
        <span className="space" />
        <RunChooser />
        <button
          type="button"
          className="icon-button small dock-toggle"
          data-open={open}
          onClick={() => changeSettings({ dock: !open })}
          aria-label={open ? "Hide the panels" : "Show the panels"}
          aria-expanded={open}
        >
          <Icon name="chevron" size={14} />
        </button>
      </div>
      {open && (
        <div className="dock-panels">
          {shown.map(({ name, title, panel }) => (
            <section key={name} className="panel" aria-label={title} data-testid={`${name}-panel`}>
              <h2 className="panel-title">{title}</h2>
              {panel}
            </section>
          ))}
          {shown.length === 0 && <p className="no-run">Choose a panel above.</p>}
        </div>
      )}
    </section>
  );
}

/** How many panels fit beside each other. */
function useRoom(): number {
  const count = () => Math.max(1, Math.floor(window.innerWidth / narrowest));
  const [room, setRoom] = useState(count);
  useEffect(() => {
    const measure = () => setRoom(count());
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  });
  return room;
}

/** Results show themselves when they come, since a person waits for them. */
function useBusyPanels(): void {
  useEffect(
    () =>
      useRun.subscribe((now, before) => {
        const came =
          now.id === before.id && now.state.channels.results.length > 0 && before.state.channels.results.length === 0;
        if (came && before.state.status === "running") showPanel("results");
      }),
    [],
  );
}

/** A count on a panel that is closed or holds what should be seen. */
function Badge({ name }: { name: string }) {
  const warnings = useRun((run) => run.state.messages.filter(({ level }) => level === "warning").length);
  const results = useRun((run) => run.state.channels.results.length);
  const count = name === "log" ? warnings : name === "results" ? results : 0;
  if (count === 0) return null;
  return (
    <span className="badge" data-kind={name === "log" ? "warning" : "plain"}>
      {count}
    </span>
  );
}

const bounds = { min: 180, step: 24 } as const;
const usualHeight = "clamp(280px, 38vh, 460px)";

/** Changes the dock's height by dragging or by the arrow keys. */
function Splitter() {
  const splitter = useRef<HTMLDivElement>(null);
  const height = () => splitter.current?.parentElement?.clientHeight ?? 0;
  const stored = useSettings((settings) => settings.dockHeight);
  const highest = () => window.innerHeight - 260;
  const set = (value: number) =>
    changeSettings({ dockHeight: Math.round(Math.min(highest(), Math.max(bounds.min, value))) });
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) set(window.innerHeight - event.clientY);
  };
  const step = (event: KeyboardEvent) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    set(height() + direction * bounds.step);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a splitter is a separator that takes the focus; hr cannot hold it
    <div
      ref={splitter}
      className="splitter"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the panels"
      aria-valuenow={stored ?? bounds.min}
      aria-valuemin={bounds.min}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={step}
    />
  );
}
