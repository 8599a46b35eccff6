import type { AttentionFrame } from "../../../src/channels/attention.ts";
import type { Formatter } from "../formatter.ts";
import { Figure } from "../plot/figure.ts";
import { AttentionPanel } from "../run/attentionPanel.ts";

interface SeenAttention {
  frame: AttentionFrame;
  pngs: Uint8Array[];
}

/** What a captioner's words look at. */
export const attentionFormatter: Formatter<SeenAttention> = {
  accepts: (value) => {
    if (value === null || typeof value !== "object") return false;
    const { frame, pngs } = value as Partial<SeenAttention>;
    return Array.isArray(pngs) && Array.isArray(frame?.images) && Array.isArray(frame.layers);
  },
  format: ({ frame, pngs }, options) =>
    new Figure({ rows: [[new AttentionPanel(frame, pngs, { pictures: 12, step: false })]], label: "attention" }).bundle(
      options,
    ),
};
