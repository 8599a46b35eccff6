import { attentionScale, wholeView } from "../../../src/channels/tokenAttention.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { HeatCanvas } from "../panels/HeatCanvas.tsx";
import { Formula } from "./Formula.tsx";
import { Stage, type StageProps } from "./Stage.tsx";
import { ValueBars } from "./ValueBars.tsx";

/** Side of the map, in pixels. */
const side = 176;
/** Smaller parts of the sum are not written. */
const least = 0.001;

export function CrossAttentionStage(
  props: StageProps & { setLayer: (layer: number) => void; setToken: (token: number) => void },
) {
  const { run, answer, token, layer, setLayer, setToken } = props;
  const frame = { ...answer.frame, step: answer.step };
  const image = frame.images[0]!;
  const weights = image.cross[layer]![token]!;
  const view = { ...wholeView, layer };
  const most = weights.indexOf(Math.max(...weights));
  return (
    <Stage
      number={4}
      title="Cross-attention"
      paper="2.2, GATED XATTN-DENSE"
      words={
        <>
          <p>
            In layer {layer + 1} of {frame.layers.length} the token “{image.tokens[token]}” asks the visual tokens, and
            takes most from number {most + 1}. Its weights sum to 1; on the image they are the map.
          </p>
          <fieldset className="tokens" aria-label="Token">
            {answer.next.map((_, index) => (
              <button
                // biome-ignore lint/suspicious/noArrayIndexKey: two tokens of the same text are not the same
                key={index}
                type="button"
                className="token"
                aria-pressed={index === token}
                onClick={() => setToken(index)}
              >
                {image.tokens[index]}
              </button>
            ))}
          </fieldset>
          <fieldset className="tokens" aria-label="Layer">
            {frame.layers.map((each, index) => (
              <button
                key={[each.node, ...each.path].join(".")}
                type="button"
                className="token"
                aria-pressed={index === layer}
                onClick={() => setLayer(index)}
              >
                layer {index + 1}
              </button>
            ))}
          </fieldset>
          <Formula
            tex={String.raw`a = \mathrm{softmax}\Big(\frac{q\,k^\top}{\sqrt{d}}\Big), \quad u = \sum_j a_j v_j \approx ${sumOf(weights)}`}
            label="the update is the sum of the values, each times its weight"
          />
        </>
      }
    >
      <ValueBars
        label="Weight of each visual token"
        bars={weights.map((value, at) => ({ name: String(at + 1), value }))}
        end={Math.max(...weights)}
      />
      <HeatCanvas
        {...{ run, frame, image, view, token }}
        size={side}
        end={attentionScale(frame.layers, image, view).end}
        label={`“${image.tokens[token]}” attends to ${image.label}`}
      />
    </Stage>
  );
}

/** The largest parts of a weighted sum, as TeX; the first one in any case. */
function sumOf(weights: readonly number[]): string {
  const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]!);
  const shown = order.slice(0, 3).filter((at, place) => place === 0 || weights[at]! >= least);
  const parts = shown.map((at) => `${formatNumber(weights[at])}\\,v_{${at + 1}}`);
  return `${parts.join(" + ")}${shown.length < weights.length ? " + \\dots" : ""}`;
}
