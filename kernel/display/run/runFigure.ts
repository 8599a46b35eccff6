import type { AttentionFrame } from "../../../src/channels/attention.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { Figure } from "../plot/figure.ts";
import { AttentionPanel } from "./attentionPanel.ts";
import { gatesPanel } from "./gatesPanel.ts";
import { HeadPanel } from "./headPanel.ts";
import { lossPanel } from "./lossPanel.ts";

/** An attention frame with the pictures that it is about. */
export interface FramedPictures {
  frame: AttentionFrame;
  /** PNG files, by the number that the frame gives the pictures. */
  pngs: readonly (Uint8Array | undefined)[];
}

/** A run in one picture: how far it is, its loss, its gates where it has any, and what its words look at. */
export function runFigure(state: RunState, name: string, seen?: FramedPictures, now = Date.now()): Figure {
  const plots = [lossPanel(state), ...(state.channels.gates.gates.length > 0 ? [gatesPanel(state)] : [])];
  return new Figure({
    rows: [
      [new HeadPanel(state, name, now)],
      ...(state.channels.loss.total.length > 0 ? [plots] : []),
      ...(seen ? [[new AttentionPanel(seen.frame, seen.pngs)]] : []),
    ],
    label: `${name}: ${state.status}`,
    revision: name,
  });
}
