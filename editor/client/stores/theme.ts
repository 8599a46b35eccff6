import { create } from "zustand";
import type { Theme } from "../../../src/figures/colors.ts";
import { changeSettings, useSettings } from "./settings.ts";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const system = create<{ theme: Theme }>(() => ({ theme: dark.matches ? "dark" : "light" }));
dark.addEventListener("change", () => system.setState({ theme: dark.matches ? "dark" : "light" }));

/** The theme that is shown: the chosen one, else the system's. */
export function useTheme(): Theme {
  const chosen = useSettings((settings) => settings.theme);
  const own = system((state) => state.theme);
  return chosen ?? own;
}

/** The same outside of React. */
export function currentTheme(): Theme {
  return useSettings.getState().theme ?? system.getState().theme;
}

export function toggleTheme(): void {
  changeSettings({ theme: currentTheme() === "dark" ? "light" : "dark" });
}

/** Tells the style sheets which theme is shown, now and whenever it changes. */
export function applyTheme(): void {
  const apply = () => {
    document.documentElement.dataset.theme = currentTheme();
  };
  apply();
  useSettings.subscribe(apply);
  system.subscribe(apply);
}
