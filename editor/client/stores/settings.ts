import { create } from "zustand";
import type { Theme } from "../../../src/figures/colors.ts";

export const panelNames = ["loss", "gates", "attention", "samples", "results", "log"] as const;
export type PanelName = (typeof panelNames)[number];

interface Settings {
  /** Undefined follows the system. */
  theme: Theme | undefined;
  palette: boolean;
  dock: boolean;
  /** Undefined: as fits the window. */
  dockHeight: number | undefined;
  /** Panels that are open, the one opened last at the end. */
  panels: PanelName[];
  /** Weight of the past in the smoothed loss. */
  smoothing: number;
  logAxis: boolean;
  absoluteGates: boolean;
}

const place = "flamingo:settings";
const initial: Settings = {
  theme: undefined,
  palette: true,
  dock: true,
  dockHeight: undefined,
  panels: ["samples", "attention", "gates", "loss"],
  smoothing: 0.95,
  logAxis: false,
  absoluteGates: true,
};

/** How a person likes the page; kept in the browser. */
export const useSettings = create<Settings>(() => ({ ...initial, ...read() }));

useSettings.subscribe((settings) => {
  try {
    localStorage.setItem(place, JSON.stringify(settings));
  } catch {
    // Storage is full or forbidden: the settings hold as long as the page is open.
  }
});

export function changeSettings(changes: Partial<Settings>): void {
  useSettings.setState(changes);
}

/** Opens or closes a panel of the dock. */
export function togglePanel(name: PanelName): void {
  const { panels } = useSettings.getState();
  changeSettings({ panels: panels.includes(name) ? panels.filter((other) => other !== name) : [...panels, name] });
}

/** Opens a panel of the dock, and the dock. */
export function showPanel(name: PanelName): void {
  const { panels } = useSettings.getState();
  changeSettings({ dock: true, panels: [...panels.filter((other) => other !== name), name] });
}

function read(): Partial<Settings> {
  try {
    const value = JSON.parse(localStorage.getItem(place) ?? "{}") as Partial<Settings>;
    const panels = value.panels?.filter((name) => panelNames.includes(name));
    return { ...value, ...(panels ? { panels } : {}) };
  } catch {
    return {};
  }
}
