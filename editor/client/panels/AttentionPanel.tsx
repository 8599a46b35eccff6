import { type PointerEvent, useEffect, useRef, useState } from "react";
import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";
import {
  type AttentionView,
  attentionScale,
  firstContentToken,
  headCount,
  tokenAttention,
  wholeView,
} from "../../../src/channels/tokenAttention.ts";
import { heatGradient } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { StudioImage } from "../parts/StudioImage.tsx";
import { loadImage } from "../stores/image.ts";
import { pinnedImage, useRun } from "../stores/run.ts";
import { drawHeat, type Heat } from "./heat.ts";
import { NoRun } from "./NoRun.tsx";
import { StepSlider } from "./StepSlider.tsx";
import { useFrame } from "./useFrame.ts";

/** What each token of a caption attends to in its image, layer by layer and step by step. */
export function AttentionPanel() {
  const run = useRun((state) => state.id);
  const frames = useRun((state) => state.state.channels.attention);
  const [step, setStep] = useState<number | undefined>(undefined);
  const [chosen, setView] = useState<AttentionView>(wholeView);
  const shown = frames[Math.min(step ?? frames.length - 1, frames.length - 1)];
  const frame = useFrame(run, shown?.file);
  const view = frame ? within(frame, chosen) : chosen;
  if (frames.length === 0)
    return <NoRun sketch="grid" what="What each token of a caption attends to in its image is drawn here." />;
  return (
    <>
      {frame && run !== undefined ? (
        <FrameView run={run} frame={frame} view={view} />
      ) : (
        <div className="no-run">Reading…</div>
      )}
      <div className="attention-foot">
        {frame && <ViewSelects frame={frame} view={view} choose={setView} />}
        <StepSlider steps={frames.map((each) => each.step)} chosen={step} choose={setStep} />
      </div>
    </>
  );
}

/** The view, as far as the frame has what it asks for. */
function within(frame: AttentionFrame, view: AttentionView): AttentionView {
  const known = (chosen: number | "mean", count: number) => (chosen === "mean" || chosen < count ? chosen : "mean");
  return {
    layer: known(view.layer, frame.layers.length),
    head: known(view.head, headCount(frame)),
    gated: view.gated && hasGates(frame),
    through: hasProduct(frame) ? view.through : "rollout",
  };
}

function hasGates({ layers }: AttentionFrame): boolean {
  return layers.some(({ gate }) => gate !== undefined);
}

function hasProduct({ images }: AttentionFrame): boolean {
  return images[0]?.product !== undefined;
}

interface ViewProps {
  frame: AttentionFrame;
  view: AttentionView;
  choose: (view: AttentionView) => void;
}

function ViewSelects({ frame, view, choose }: ViewProps) {
  const { layers } = frame;
  const heads = Array.from({ length: headCount(frame) }, (_value, head) => String(head + 1));
  const gateText = (gate: number | undefined) => (gate === undefined ? "" : `, tanh(gate) ${formatNumber(gate)}`);
  return (
    <div className="attention-view">
      <MeanOrOne
        name="layer"
        chosen={view.layer}
        options={layers.map(({ gate }, index) => `${index + 1}${gateText(gate)}`)}
        choose={(layer) => choose({ ...view, layer })}
      />
      <MeanOrOne
        name="head"
        chosen={view.head}
        options={heads}
        choose={(head) => choose({ ...view, head })}
        {...(heads.length === 0 ? { why: "this run recorded the mean over heads only" } : {})}
      />
      <label className="layer-select">
        <select
          aria-label="What is shown"
          value={String(view.gated)}
          title="Attention says where a token looks; times |tanh(gate)| of its layer, how much of that enters the text"
          onChange={(event) => choose({ ...view, gated: event.target.value === "true" })}
        >
          <option value="false">{measureName(false)}</option>
          <option value="true" disabled={!hasGates(frame)}>
            {measureName(true)}
          </option>
        </select>
      </label>
      <label className="layer-select">
        <select
          aria-label="Through the resampler"
          value={view.through}
          title="How a latent stands for patches: attention rollout counts the residual connections of the resampler's layers, the plain product does not"
          onChange={(event) => choose({ ...view, through: event.target.value as AttentionView["through"] })}
        >
          <option value="rollout">rollout</option>
          <option value="product" disabled={!hasProduct(frame)}>
            plain product
          </option>
        </select>
      </label>
    </div>
  );
}

function measureName(gated: boolean): string {
  return gated ? "attention × |tanh(gate)|" : "attention";
}

function MeanOrOne(props: {
  name: string;
  chosen: number | "mean";
  options: readonly string[];
  choose: (chosen: number | "mean") => void;
  why?: string;
}) {
  const { name, chosen, options, choose, why } = props;
  return (
    <label className="layer-select" title={why}>
      <span>{name}</span>
      <select
        value={String(chosen)}
        disabled={why !== undefined}
        onChange={(event) => choose(event.target.value === "mean" ? "mean" : Number(event.target.value))}
      >
        <option value="mean">mean</option>
        {options.map((text, index) => (
          <option key={text} value={index}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function FrameView({ run, frame, view }: { run: string; frame: AttentionFrame; view: AttentionView }) {
  const [chosenImage, setImage] = useState(0);
  const [token, setToken] = useState<number | undefined>(undefined);
  const image = frame.images.find((candidate) => candidate.image === chosenImage) ?? frame.images[0];
  if (!image) return <div className="no-run">No images are pinned.</div>;
  const chosen = token !== undefined && token < image.tokens.length ? token : firstContentToken(image.tokens);
  return (
    <div className="attention">
      <AttentionMap run={run} frame={frame} image={image} view={view} token={chosen} />
      <div className="attention-side">
        <fieldset className="thumbs" aria-label="Image">
          {frame.images.map((candidate) => (
            <button
              key={candidate.image}
              type="button"
              aria-pressed={candidate === image}
              aria-label={candidate.label}
              title={candidate.label}
              className="thumb"
              onClick={() => setImage(candidate.image)}
            >
              <StudioImage path={pinnedImage(run, candidate.image)} alt="" />
            </button>
          ))}
        </fieldset>
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
              chosen={index === chosen}
              choose={() => setToken(index)}
            />
          ))}
        </fieldset>
      </div>
    </div>
  );
}

interface MapProps {
  run: string;
  frame: AttentionFrame;
  image: AttentionImage;
  view: AttentionView;
  token: number;
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
  const { rows, columns } = frame.grid;
  const point = (event: PointerEvent<HTMLElement>) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const along = (part: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(part * count)));
    const row = along((event.clientY - top) / height, rows);
    setPatch(row * columns + along((event.clientX - left) / width, columns));
  };
  const label = `“${image.tokens[token]}” attends to ${image.label}, at most ${formatNumber(peak)} at one patch`;
  const where = patch === undefined ? "" : `row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}: `;
  const value = patch === undefined ? `largest ${formatNumber(peak)}` : formatNumber(shares[patch] ?? 0);
  return (
    <div className="attention-map" ref={box} data-testid="attention-map" data-step={frame.step} data-peak={peak}>
      <div className="attention-image" onPointerMove={point} onPointerLeave={() => setPatch(undefined)}>
        <HeatCanvas {...props} size={size} end={end} label={label} />
      </div>
      <div className="color-bar" aria-hidden="true" style={{ height: size }}>
        <span data-testid="attention-end">{formatNumber(end)}</span>
        <i style={{ background: heatGradient }}>
          <b
            style={{ bottom: `${(even / end) * 100}%` }}
            title={`even attention to all patches: ${formatNumber(even)}`}
          >
            even
          </b>
        </i>
        <span>0</span>
      </div>
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

function HeatCanvas(props: MapProps & { size: number; end: number; label: string }) {
  const { run, frame, image, view, token, size, end, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const loaded = useImage(pinnedImage(run, image.image));
  useEffect(() => {
    const shares = tokenAttention(frame.layers, image, view, token);
    const heat: Heat = { image: loaded, shares, grid: frame.grid, end };
    drawHeat(canvas.current!, size, heat);
  }, [loaded, image, view, token, frame, size, end]);
  return (
    <canvas
      ref={canvas}
      style={{ width: size, height: size }}
      {...(label === "" ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    />
  );
}

/** An image once it is loaded. */
function useImage(source: string): HTMLImageElement | undefined {
  const [loaded, setLoaded] = useState<{ source: string; image: HTMLImageElement }>();
  useEffect(() => {
    const image = new Image();
    image.onload = () => setLoaded({ source, image });
    void loadImage(image, source).catch(() => {}); // the map stands without it
    return () => {
      image.onload = null;
    };
  }, [source]);
  return loaded?.source === source ? loaded.image : undefined;
}

function tokensOf(image: AttentionImage): { text: string; index: number }[] {
  return image.tokens.map((text, index) => ({ text, index }));
}
