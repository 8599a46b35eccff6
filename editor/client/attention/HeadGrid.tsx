import { type AttentionView, attentionScale, headCount, headFocus } from "../../../src/channels/tokenAttention.ts";
import { formatCount, formatNumber, formatShare } from "../../../src/figures/numbers.ts";
import { HeatCanvas, type MapProps } from "../panels/HeatCanvas.tsx";
import { useRun } from "../stores/run.ts";
import { useHeadWorth } from "./useHeadWorth.ts";

/** Side of a head's map, in pixels. */
const side = 64;
/** Without an idle head the labels lose fewer nats per token than this. */
const idle = 0.001;

/** A token's map in every head of every layer, and their means, with how much each head chooses and, when asked, what it is worth. */
export function HeadGrid(props: MapProps & { choose: (view: AttentionView) => void }) {
  const { run, frame, image, view, token, choose } = props;
  const heads: (number | "mean")[] = [...Array.from({ length: headCount(frame) }, (_, head) => head), "mean"];
  const hasCheckpoint = useRun(({ id, state }) => id === run && state.checkpoints.length > 0);
  const { worth, asking, ask } = useHeadWorth(run);
  return (
    <section aria-label="Heads">
      <div className="heading-row">
        <h2>“{image.tokens[token]}” in every head</h2>
        {hasCheckpoint && (
          <button
            type="button"
            className="button small"
            disabled={asking}
            title="Asks the model of the newest checkpoint, once for each head and each layer whose output is set to 0"
            onClick={() => void ask(frame)}
          >
            {asking ? "Measuring…" : "What is each head worth?"}
          </button>
        )}
      </div>
      <table className="attention-heads">
        <thead>
          <tr>
            <th />
            {heads.map((head) => (
              <th key={head}>{head === "mean" ? "mean" : `head ${head + 1}`}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {frame.layers.map((layer, at) => (
            <tr key={[layer.node, ...layer.path].join(".")}>
              <th>
                layer {at + 1}
                {layer.gate !== undefined && <small>tanh(gate) {formatNumber(layer.gate)}</small>}
              </th>
              {heads.map((head) => {
                const own: AttentionView = { ...view, layer: at, head };
                const value = worth?.values[at]?.[head === "mean" ? heads.length - 1 : head];
                const isIdle = value !== undefined && Math.abs(value) < idle;
                return (
                  <td key={head} data-idle={isIdle}>
                    <button
                      type="button"
                      className="thumb"
                      aria-pressed={view.layer === at && view.head === head}
                      aria-label={`layer ${at + 1}, ${head === "mean" ? "mean over heads" : `head ${head + 1}`}`}
                      onClick={() => choose(own)}
                    >
                      <HeatCanvas
                        {...{ run, frame, image, token }}
                        view={own}
                        size={side}
                        end={attentionScale(frame.layers, image, own).end}
                        label=""
                      />
                    </button>
                    {head !== "mean" && <small>focus {formatShare(headFocus(frame, at, head))}</small>}
                    {value !== undefined && (
                      <small className="head-worth">{isIdle ? "idle" : `${value.toFixed(3)} nats`}</small>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted">
        Each map has a scale of its own; choose one to see it large. Focus 0%: the head attends to all latents alike;
        100%: to a single one.
        {worth &&
          ` Worth, at step ${formatCount(worth.step)}: how many nats per token the images' labels lose where the head's output is 0; in the last column, where all heads of the layer are 0, for heads that do the same stand in for one another. Idle: below ${idle}.`}
      </p>
    </section>
  );
}
