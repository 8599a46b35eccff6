import { attentionScale, tokenAttention } from "../../../src/channels/tokenAttention.ts";
import { heatColor } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import type { MapProps } from "../panels/HeatCanvas.tsx";
import { tokensOf } from "../panels/useAttention.ts";

interface TokenListProps extends Omit<MapProps, "run"> {
  /** Where the colour scale ends; at the largest attention of any token without it. */
  end: number | undefined;
  /** The patch that is pointed at. */
  patch: number | undefined;
  pin: (token: number) => void;
  hover: (token: number | undefined) => void;
}

/** The caption's tokens. While a patch is pointed at, each shows how much it attends to it. */
export function TokenList(props: TokenListProps) {
  const { frame, image, view, token, patch, pin, hover } = props;
  const end = props.end ?? attentionScale(frame.layers, image, view).end;
  return (
    <section aria-label="Tokens">
      <h2>{patch === undefined ? "Where does a token look? Point at one" : "Which tokens look at this patch?"}</h2>
      <fieldset className="tokens" aria-label="Token" onPointerLeave={() => hover(undefined)}>
        {tokensOf(image).map(({ text, index }) => {
          const shares = tokenAttention(frame.layers, image, view, index);
          const share = patch === undefined ? Math.max(...shares) : (shares[patch] ?? 0);
          const color = `rgb(${heatColor(share / end).join(",")})`;
          return (
            <button
              key={index}
              type="button"
              className="token"
              aria-pressed={index === token}
              data-share={share}
              onPointerEnter={() => hover(index)}
              onFocus={() => hover(index)}
              onBlur={() => hover(undefined)}
              onClick={() => pin(index)}
            >
              <i style={{ background: color }} />
              <span>{text}</span>
              <output>{formatNumber(share)}</output>
            </button>
          );
        })}
      </fieldset>
    </section>
  );
}
