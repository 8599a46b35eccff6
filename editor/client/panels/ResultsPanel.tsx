import { formatCount, formatNumber, formatShare } from "../../../src/figures/numbers.ts";
import type { MetricResult, RunEventOf } from "../../../src/runs/event.ts";
import { useRun } from "../stores/run.ts";
import { NoRun } from "./NoRun.tsx";

type Result = RunEventOf<"evaluate:result">;

/** What the evaluations found, with counts and 95% intervals. */
export function ResultsPanel() {
  const results = useRun((run) => run.state.results);
  if (results.length === 0)
    return <NoRun sketch="rows" what="Evaluation tables appear here, with counts and 95% intervals." />;
  const last = [...new Map(results.map((result) => [`${result.node} ${result.set}`, result])).values()];
  return (
    <div className="results" data-testid="results">
      {last.map((result) => (
        <ResultTable key={`${result.node} ${result.set}`} result={result} />
      ))}
    </div>
  );
}

function ResultTable({ result }: { result: Result }) {
  return (
    <table>
      <caption>{result.title}</caption>
      <thead>
        <tr>
          <th scope="col">metric</th>
          <th scope="col" className="number">
            value
          </th>
          <th scope="col">95% interval</th>
          <th scope="col" className="number">
            examples
          </th>
        </tr>
      </thead>
      <tbody>
        {result.metrics.map((metric) => (
          <MetricRow key={metric.metric} result={metric} />
        ))}
      </tbody>
    </table>
  );
}

function MetricRow({ result }: { result: MetricResult }) {
  const { title, unit, value, low, high, count, hits } = result;
  const format = unit === "share" ? formatShare : formatNumber;
  return (
    <tr>
      <th scope="row">{title}</th>
      <td className="number">
        {format(value)}
        {unit === undefined || unit === "share" ? "" : ` ${unit}`}
      </td>
      <td>
        {unit === "share" && <Interval value={value ?? 0} low={low ?? 0} high={high ?? 0} />}
        <span className="interval">
          {format(low)} to {format(high)}
        </span>
      </td>
      <td className="number">
        {hits === undefined ? "" : `${formatCount(hits)} of `}
        {formatCount(count)}
      </td>
    </tr>
  );
}

/** A share on a line from 0 to 1, with its interval as a bar around it. */
function Interval({ value, low, high }: { value: number; low: number; high: number }) {
  const at = (share: number) => 2 + share * 76;
  return (
    <svg className="interval-bar" width="80" height="12" viewBox="0 0 80 12" aria-hidden="true">
      <line x1="2" x2="78" y1="6" y2="6" className="interval-line" />
      <line x1={at(low)} x2={at(high)} y1="6" y2="6" className="interval-range" />
      <circle cx={at(value)} cy="6" r="2.5" />
    </svg>
  );
}
