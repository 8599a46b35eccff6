import { useMemo } from "react";
import { css } from "../../../src/figures/colors.ts";
import { formatMetric } from "../../../src/figures/numbers.ts";
import { type Cell, type ComparedMetric, compareResults, type Difference } from "../../../src/runs/compareResults.ts";
import { useTheme } from "../stores/theme.ts";
import { useCompared } from "./compared.ts";
import type { RunVersion } from "./versions.ts";

/** What each version came to, and how much more or less than the first. */
export function ResultsTable({ versions }: { versions: readonly RunVersion[] }) {
  const states = useCompared((compared) => compared.states);
  const theme = useTheme();
  const rows = useMemo(
    () =>
      compareResults(
        versions.map(({ name, runs }) => ({
          name,
          runs: runs.map(({ id, seed }) => ({ seed, results: states[id]?.channels.results ?? [] })),
        })),
      ),
    [versions, states],
  );
  const sets = [...new Map(rows.map(({ set, setTitle }) => [set, setTitle]))];
  return (
    <section className="compare-part" aria-labelledby="results">
      <h2 id="results">Results</h2>
      {rows.length === 0 && (
        <p className="muted">No evaluation has ended yet. Add an Evaluate node to the pipeline to have results here.</p>
      )}
      {rows.length > 0 && (
        <div className="compare-scroll">
          <table className="compare-results" data-testid="compare-results">
            <thead>
              <tr>
                <th scope="col">metric</th>
                {versions.map(({ letter, name, color, runs }) => (
                  <th scope="col" key={letter}>
                    <i className="swatch" style={{ background: css(color, theme) }} />
                    {name}
                    {runs.length > 1 && <span className="muted"> ({runs.length} runs)</span>}
                  </th>
                ))}
              </tr>
            </thead>
            {sets.map(([set, title]) => (
              <tbody key={set}>
                <tr>
                  <th scope="rowgroup" colSpan={versions.length + 1} className="compare-set">
                    {title}
                  </th>
                </tr>
                {rows
                  .filter((row) => row.set === set)
                  .map((row) => (
                    <MetricRow key={row.metric} row={row} first={versions[0]!.letter} />
                  ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
      {rows.length > 0 && versions.length > 1 && (
        <p className="muted">
          Below each value is its difference to {versions[0]!.letter}, with a 95% interval: in pairs of runs of the same
          seed, or of the same examples where each has one run. Where the interval holds 0, nothing is said.
        </p>
      )}
    </section>
  );
}

function MetricRow({ row, first }: { row: ComparedMetric; first: string }) {
  return (
    <tr>
      <th scope="row">{row.title}</th>
      {row.cells.map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cells are in the order of the versions
        <td key={index}>
          {cell ? <Value cell={cell} unit={row.unit} /> : <span className="muted">–</span>}
          {row.differences[index] && <More difference={row.differences[index]} unit={row.unit} first={first} />}
        </td>
      ))}
    </tr>
  );
}

function Value({ cell: { value, low, high }, unit }: { cell: Cell; unit: string | undefined }) {
  return (
    <p>
      <strong>{formatMetric(value, unit)}</strong>{" "}
      <span className="muted">
        {formatMetric(low, unit)} to {formatMetric(high, unit)}
      </span>
    </p>
  );
}

const pairing = { seeds: "pairs of runs", examples: "examples", none: "runs, not in pairs" } as const;

function More(props: { difference: Difference; unit: string | undefined; first: string }) {
  const { value, low, high, verdict, pairs, count } = props.difference;
  const { unit, first } = props;
  const words = { better: `better than ${first}`, worse: `worse than ${first}`, unclear: "no clear difference" };
  return (
    <p className="difference" data-verdict={verdict} title={`from ${count} ${pairing[pairs]}`}>
      {signed(value, unit)} [{signed(low, unit)}, {signed(high, unit)}] {words[verdict]}
    </p>
  );
}

/** A difference with its sign; of shares in points of a percentage. */
function signed(value: number, unit: string | undefined): string {
  const text = unit === "share" ? (Math.abs(value) * 100).toFixed(1) : formatMetric(Math.abs(value), unit);
  return `${value < 0 ? "−" : "+"}${text}`;
}
