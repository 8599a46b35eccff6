import { heatGradient } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";

/** The scale of an attention map: its end, and where attention that is even over all patches lies. */
export function ColorBar({ end, even, height }: { end: number; even: number; height: number }) {
  return (
    <div className="color-bar" aria-hidden="true" style={{ height }}>
      <span data-testid="attention-end">{formatNumber(end)}</span>
      <i style={{ background: heatGradient }}>
        <b style={{ bottom: `${(even / end) * 100}%` }} title={`even attention to all patches: ${formatNumber(even)}`}>
          even
        </b>
      </i>
      <span>0</span>
    </div>
  );
}
