import { create } from "zustand";
import type { Theme } from "../../../src/figures/colors.ts";
import { browserStorage } from "./browserStorage.ts";

interface Settings {
  /** Undefined follows the system. */
  theme: Theme | undefined;
  palette: boolean;
  /** Undefined: open once there is a run to show. */
  dock: boolean | undefined;
  /** Undefined: as fits the window. */
  dockHeight: number | undefined;
  /** Panels that are open, the one opened last at the end. */
  panels: string[];
  /** Whether the tour was taken, or is not wanted: it is offered until then. */
  toured: boolean;
  /** What is chosen of each channel's figure, by the channel's name; the rest is as the channel has it. */
  views: Record<string, Record<string, unknown>>;
}

const place = "flamingo:settings";
const initial: Settings = {
  theme: undefined,
  palette: true,
  dock: undefined,
  dockHeight: undefined,
  panels: ["samples", "attention", "gates", "loss"],
  toured: false,
  views: {},
};

/** How a person likes the page; kept in the browser. */
export const useSettings = create<Settings>(() => ({ ...initial, ...read() }));

useSettings.subscribe((settings) => {
  try {
    browserStorage.setItem(place, JSON.stringify(settings));
  } catch {
    // Storage is full or forbidden: the settings hold as long as the page is open.
  }
});

export function changeSettings(changes: Partial<Settings>): void {
  useSettings.setState(changes);
}

/** Chooses something of a channel's figure. */
export function changeView(channel: string, changes: Record<string, unknown>): void {
  const { views } = useSettings.getState();
  changeSettings({ views: { ...views, [channel]: { ...views[channel], ...changes } } });
}

/** Opens or closes a panel of the dock. */
export function togglePanel(name: string): void {
  const { panels } = useSettings.getState();
  changeSettings({ panels: panels.includes(name) ? panels.filter((other) => other !== name) : [...panels, name] });
}

/** Opens a panel of the dock, and the dock. */
export function showPanel(name: string): void {
  const { panels } = useSettings.getState();
  changeSettings({ dock: true, panels: [...panels.filter((other) => other !== name), name] });
}

function read(): Partial<Settings> {
  try {
    return JSON.parse(browserStorage.getItem(place) ?? "{}") as Partial<Settings>;
  } catch {
    return {};
  }
}
