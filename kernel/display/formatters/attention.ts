import type { AttentionFrame } from "../../../src/channels/attention.ts";
import { shieldedUntil } from "../../cell/shield.ts";
import type { Formatter } from "../formatter.ts";
import { NotebookFigure } from "../notebookFigure.ts";

interface SeenAttention {
  frame: AttentionFrame;
  pngs: Uint8Array[];
}

/** What the tokens of captions attend to. */
export const attentionFormatter: Formatter<SeenAttention> = {
  accepts: (value) => {
    if (value === null || typeof value !== "object") return false;
    const { frame, pngs } = value as Partial<SeenAttention>;
    return Array.isArray(pngs) && Array.isArray(frame?.images) && Array.isArray(frame.layers);
  },
  format: async ({ frame, pngs }, options) => {
    const { attentionMaps } = await shieldedUntil(import("../../../src/channels/attentionMaps.ts"));
    const maps = attentionMaps(frame, { images: 12, step: false });
    return new NotebookFigure({ rows: [[maps]], label: "attention" }, { images: pngs }).bundle(options);
  },
};
