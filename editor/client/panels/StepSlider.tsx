import { formatCount } from "../../../src/figures/numbers.ts";
import { Icon } from "../parts/Icon.tsx";

/** Chooses among recorded steps. Undefined follows the newest. */
export function StepSlider(props: {
  steps: readonly number[];
  chosen: number | undefined;
  choose: (index: number | undefined) => void;
}) {
  const { steps, chosen, choose } = props;
  const last = steps.length - 1;
  const at = Math.min(chosen ?? last, last);
  return (
    <div className="step-slider">
      <label className="slider">
        <span>step</span>
        <input
          type="range"
          min={0}
          max={Math.max(last, 0)}
          step={1}
          value={at}
          disabled={last < 1}
          aria-valuetext={`step ${steps[at]}`}
          onChange={(event) => {
            const index = Number(event.target.value);
            choose(index === last ? undefined : index);
          }}
        />
        <output data-testid="shown-step">{formatCount(steps[at] ?? 0)}</output>
      </label>
      <button
        type="button"
        className="icon-button small"
        disabled={chosen === undefined}
        onClick={() => choose(undefined)}
        title="Follow the newest"
        aria-label="Follow the newest step"
      >
        <Icon name="right" size={13} />
      </button>
    </div>
  );
}
