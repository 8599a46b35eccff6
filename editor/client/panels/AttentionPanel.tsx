import { useEffect, useRef, useState } from "react";
import type { AttentionFrame } from "../../../src/channels/attention.ts";
import { type AttentionView, attentionScale, tokenAttention } from "../../../src/channels/tokenAttention.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { Icon } from "../parts/Icon.tsx";
import { hashOf } from "../stores/route.ts";
import { useRun } from "../stores/run.ts";
import { ColorBar } from "./ColorBar.tsx";
import { HeatCanvas, type MapProps, patchAt } from "./HeatCanvas.tsx";
import { ImageThumbs } from "./ImageThumbs.tsx";
import { NoRun } from "./NoRun.tsx";
import { StepSlider } from "./StepSlider.tsx";
import { tokensOf, useAttention, useImageAndToken, useShownFrames } from "./useAttention.ts";
import { measureName, ResamplerSelect, ViewSelects } from "./ViewSelects.tsx";

/** What each token of a caption attends to in its image, layer by layer and step by step. */
export function AttentionPanel() {
  const run = useRun((state) => state.id);
  const { steps, step, chooseStep, frame, view, chooseView } = useAttention(run, useShownFrames(run));
  if (steps.length === 0)
    return (
      <NoRun
        sketch="grid"
        what="What each token of a caption attends to in its image is drawn here."
        needs="a Caption samples node"
      />
    );
  return (
    <>
      {frame && run !== undefined ? (
        <FrameView run={run} frame={frame} view={view} />
      ) : (
        <div className="no-run">Reading…</div>
      )}
      <div className="attention-foot">
        {frame && <ViewSelects frame={frame} view={view} choose={chooseView} />}
        <div className="attention-steps">
          {frame && <ResamplerSelect frame={frame} view={view} choose={chooseView} />}
          <StepSlider steps={steps} chosen={step} choose={chooseStep} />
          {run !== undefined && (
            <a
              className="icon-button small"
              href={hashOf({ page: "attention", run })}
              title="Explore on a page of its own"
              aria-label="Explore on a page of its own"
            >
              <Icon name="open" size={13} />
            </a>
          )}
        </div>
      </div>
    </>
  );
}

function FrameView({ run, frame, view }: { run: string; frame: AttentionFrame; view: AttentionView }) {
  const { image, chooseImage, token, pin } = useImageAndToken(frame);
  if (!image)
    return <div className="no-run">No images are pinned: a Caption samples node in the pipeline pins some.</div>;
  return (
    <div className="attention">
      <AttentionMap run={run} frame={frame} image={image} view={view} token={token} />
      <div className="attention-side">
        <ImageThumbs run={run} frame={frame} chosen={image} choose={chooseImage} />
        <fieldset className="tokens" aria-label="Token">
          {tokensOf(image).map(({ text, index }) => (
            <TokenChip
              key={index}
              run={run}
              frame={frame}
              image={image}
              view={view}
              token={index}
              text={text}
              chosen={index === token}
              choose={() => pin(index)}
            />
          ))}
        </fieldset>
      </div>
    </div>
  );
}

function AttentionMap(props: MapProps) {
  const { frame, image, view, token } = props;
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState(150);
  const [patch, setPatch] = useState<number | undefined>(undefined);
  const { end, even } = attentionScale(frame.layers, image, view);
  const shares = tokenAttention(frame.layers, image, view, token);
  const peak = Math.max(0, ...shares);
  const measure = measureName(view.gated);
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() =>
      setSize(Math.max(80, Math.floor(Math.min(element.clientHeight - captionHeight, element.clientWidth - barWidth)))),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { columns } = frame.grid;
  const label = `“${image.tokens[token]}” attends to ${image.label}, at most ${formatNumber(peak)} at one patch`;
  const where = patch === undefined ? "" : `row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}: `;
  const value = patch === undefined ? `largest ${formatNumber(peak)}` : formatNumber(shares[patch] ?? 0);
  return (
    <div className="attention-map" ref={box} data-testid="attention-map" data-step={frame.step} data-peak={peak}>
      <div
        className="attention-image"
        onPointerMove={(event) => setPatch(patchAt(event, frame.grid))}
        onPointerLeave={() => setPatch(undefined)}
      >
        <HeatCanvas {...props} size={size} end={end} label={label} />
      </div>
      <ColorBar end={end} even={even} height={size} />
      <p className="attention-value" data-testid="attention-value">
        <span className="muted">{measure}, </span>
        {where}
        {value}
      </p>
    </div>
  );
}

/** Room for the line below the map, and for the scale beside it, in pixels. */
const captionHeight = 24;
const barWidth = 66;

function TokenChip(props: MapProps & { text: string; chosen: boolean; choose: () => void }) {
  const { text, chosen, choose, frame, image, view } = props;
  return (
    <button type="button" aria-pressed={chosen} className="token" onClick={choose}>
      <HeatCanvas {...props} size={26} end={attentionScale(frame.layers, image, view).end} label="" />
      <span>{text}</span>
    </button>
  );
}
