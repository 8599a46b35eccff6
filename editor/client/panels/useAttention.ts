import { useState } from "react";
import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";
import { type AttentionView, firstContentToken, wholeView } from "../../../src/channels/tokenAttention.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { useRun } from "../stores/run.ts";
import { useFrame } from "./useFrame.ts";
import { within } from "./ViewSelects.tsx";

/** Which frames a run has recorded. */
type Frames = RunState["channels"]["attention"];

const none: Frames = [];

/** Which frames the shown run has recorded: none if it is another. */
export function useShownFrames(run: string | undefined): Frames {
  return useRun(({ id, state }) => (id === run ? state.channels.attention : none));
}

/** The attention that a run has recorded: the steps, and the frame and the view that a person chose. */
export function useAttention(run: string | undefined, frames: Frames) {
  const [step, chooseStep] = useState<number | undefined>(undefined);
  const [chosen, chooseView] = useState<AttentionView>(wholeView);
  const last = frames.length - 1;
  const frame = useFrame(run, frames[Math.min(step ?? last, last)]?.file);
  const view = frame ? within(frame, chosen) : chosen;
  return { steps: frames.map((each) => each.step), step, chooseStep, frame, view, chooseView };
}

/** The image of a frame that a person looks at, and the token that they pinned: the first one with content until then. */
export function useImageAndToken(frame: AttentionFrame) {
  const [chosenImage, chooseImage] = useState(0);
  const [pinned, pin] = useState<number | undefined>(undefined);
  const image: AttentionImage | undefined =
    frame.images.find((candidate) => candidate.image === chosenImage) ?? frame.images[0];
  const count = image?.tokens.length ?? 0;
  const token = pinned !== undefined && pinned < count ? pinned : firstContentToken(image?.tokens ?? []);
  return { image, chooseImage, token, pin };
}

/** The tokens of an image's caption with their positions: two of the same text are not the same. */
export function tokensOf(image: AttentionImage): { text: string; index: number }[] {
  return image.tokens.map((text, index) => ({ text, index }));
}
