import type { AttentionFrame } from "../../../src/channels/attention.ts";
import { type AttentionView, headCount } from "../../../src/channels/tokenAttention.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";

/** The view, as far as the frame has what it asks for. */
export function within(frame: AttentionFrame, view: AttentionView): AttentionView {
  const known = (chosen: number | "mean", count: number) => (chosen === "mean" || chosen < count ? chosen : "mean");
  return {
    layer: known(view.layer, frame.layers.length),
    head: known(view.head, headCount(frame)),
    gated: view.gated && hasGates(frame),
    through: hasProduct(frame) ? view.through : "rollout",
    time: view.time,
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

/** What of the attention is shown: layer, head, and how it is measured. */
export function ViewSelects({ frame, view, choose }: ViewProps) {
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
    </div>
  );
}

/** How the resampler's latents are traced back to patches. */
export function ResamplerSelect({ frame, view, choose }: ViewProps) {
  return (
    <label className="layer-select through-select">
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
  );
}

export function measureName(gated: boolean): string {
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
