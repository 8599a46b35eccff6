import { create } from "zustand";
import { changeSettings } from "./settings.ts";

/** The step of the tour that is shown; undefined while there is none. */
export const useTour = create<{ step: number | undefined }>(() => ({ step: undefined }));

export function goToStep(step: number): void {
  useTour.setState({ step });
}

/** Begins the tour, with the palette and the panels in sight. */
export function beginTour(): void {
  changeSettings({ palette: true, toured: true });
  goToStep(0);
}

/** Ends the tour, or declines it: it is not offered again. */
export function endTour(): void {
  changeSettings({ toured: true });
  useTour.setState({ step: undefined });
}
