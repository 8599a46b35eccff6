import { formatNumber } from "../../../src/figures/numbers.ts";

/** Named values side by side; `beside` is the same of another model, as a thinner bar. */
export function ValueBars(props: {
  label: string;
  bars: readonly { name: string; value: number; beside?: number }[];
  /** Where the scale ends. */
  end: number;
}) {
  const { label, bars, end } = props;
  const width = (value: number) => ({ width: `${end > 0 ? Math.min(100, (100 * value) / end) : 0}%` });
  return (
    <ul className="value-bars" aria-label={label}>
      {bars.map(({ name, value, beside }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two tokens of the same text are not the same
        <li key={at}>
          <span>{name}</span>
          <i>
            <b style={width(value)} />
            {beside !== undefined && <b className="beside" style={width(beside)} />}
          </i>
          <output>{formatNumber(value)}</output>
        </li>
      ))}
    </ul>
  );
}
