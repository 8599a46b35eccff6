import { useEffect, useRef, useState } from "react";
import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";
import { attentionScale, firstContentToken, type Layer, tokenAttention } from "../../../src/channels/tokenAttention.ts";
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
  const [layer, setLayer] = useState<Layer>("mean");
  const shown = frames[Math.min(step ?? frames.length - 1, frames.length - 1)];
  const frame = useFrame(run, shown?.file);
  const known = layer === "mean" || layer < (frame?.layers.length ?? 0) ? layer : "mean";
  if (frames.length === 0)
    return <NoRun sketch="grid" what="What each token of a caption attends to in its image is drawn here." />;
  return (
    <>
      {frame && run !== undefined ? (
        <FrameView run={run} frame={frame} layer={known} />
      ) : (
        <div className="no-run">Reading…</div>
      )}
      <div className="attention-foot">
        <LayerSelect layers={frame?.layers ?? []} layer={known} choose={setLayer} />
        <StepSlider steps={frames.map((each) => each.step)} chosen={step} choose={setStep} />
      </div>
    </>
  );
}

function LayerSelect(props: { layers: AttentionFrame["layers"]; layer: Layer; choose: (layer: Layer) => void }) {
  const { layers, layer, choose } = props;
  return (
    <label className="layer-select">
      <span>layer</span>
      <select
        value={String(layer)}
        onChange={(event) => choose(event.target.value === "mean" ? "mean" : Number(event.target.value))}
      >
        <option value="mean">mean</option>
        {layers.map(({ node, path }, index) => (
          <option key={[node, ...path].join(".")} value={index} title={[node, ...path].join(".")}>
            {index + 1}
          </option>
        ))}
      </select>
    </label>
  );
}

function FrameView({ run, frame, layer }: { run: string; frame: AttentionFrame; layer: Layer }) {
  const [chosenImage, setImage] = useState(0);
  const [token, setToken] = useState<number | undefined>(undefined);
  const image = frame.images.find((candidate) => candidate.image === chosenImage) ?? frame.images[0];
  if (!image) return <div className="no-run">No images are pinned.</div>;
  const chosen = token !== undefined && token < image.tokens.length ? token : firstContentToken(image.tokens);
  return (
    <div className="attention">
      <AttentionMap run={run} frame={frame} image={image} layer={layer} token={chosen} />
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
              layer={layer}
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
  layer: Layer;
  token: number;
}

function AttentionMap(props: MapProps) {
  const { frame, image, layer, token } = props;
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState(150);
  const { end, even } = attentionScale(image, layer);
  const shares = tokenAttention(image, layer, token);
  const peak = Math.max(0, ...shares);
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => setSize(Math.max(80, Math.floor(element.clientHeight))));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const label = `“${image.tokens[token]}” attends to ${image.label}, at most ${formatNumber(peak)} at one patch`;
  return (
    <div className="attention-map" ref={box} data-testid="attention-map" data-step={frame.step} data-peak={peak}>
      <HeatCanvas {...props} size={size} end={end} label={label} />
      <div className="color-bar" aria-hidden="true">
        <span>{formatNumber(end)}</span>
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
      <span className="color-title" aria-hidden="true">
        attention
      </span>
    </div>
  );
}

function TokenChip(props: MapProps & { text: string; chosen: boolean; choose: () => void }) {
  const { text, chosen, choose, image, layer } = props;
  return (
    <button type="button" aria-pressed={chosen} className="token" onClick={choose}>
      <HeatCanvas {...props} size={30} end={attentionScale(image, layer).end} label="" />
      <span>{text}</span>
    </button>
  );
}

function HeatCanvas(props: MapProps & { size: number; end: number; label: string }) {
  const { run, frame, image, layer, token, size, end, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const loaded = useImage(pinnedImage(run, image.image));
  useEffect(() => {
    const heat: Heat = { image: loaded, shares: tokenAttention(image, layer, token), grid: frame.grid, end };
    drawHeat(canvas.current!, size, heat);
  }, [loaded, image, layer, token, frame, size, end]);
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
