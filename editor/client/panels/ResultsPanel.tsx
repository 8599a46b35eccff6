import type { MetricResult, Result } from "../../../src/channels/results.ts";
import { formatCount, formatMetric } from "../../../src/figures/numbers.ts";
import { useRun } from "../stores/run.ts";
import { NoRun } from "./NoRun.tsx";

/** What the evaluations found, with counts and 95% intervals. */
export function ResultsPanel() {
  const results = useRun((run) => run.state.channels.results);
  if (results.length === 0)
    return (
      <NoRun
        sketch="rows"
        what="Evaluation tables appear here, with counts and 95% intervals."
        needs="an Evaluate node"
      />
    );
  return (
    <div className="results" data-testid="results">
      {results.map((result) => (
        <ResultTable key={`${result.node} ${result.set}`} result={result} />
      ))}
    </div>
  );
}

/** A share's 95% interval that is wider than this says next to nothing. */
const tooWide = 0.4;

function ResultTable({ result: { title, metrics } }: { result: Result }) {
  const vague = metrics.filter(({ unit, low, high }) => unit === "share" && high - low > tooWide);
  return (
    <>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">metric</th>
            <th scope="col" className="number">
              value
            </th>
            <th scope="col">unit</th>
            <th scope="col">95% interval</th>
            <th scope="col" className="number">
              examples
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <MetricRow key={metric.metric} metric={metric} />
          ))}
        </tbody>
      </table>
      {vague.length > 0 && (
        <p className="result-note" role="note">
          {vague.map((metric) => metric.title).join(", ")}: with{" "}
          {formatCount(Math.min(...vague.map((each) => each.count)))} examples the 95% interval is too wide to say
          anything. Hold out more.
        </p>
      )}
    </>
  );
}

/** What a value is counted in, in words. */
function unitText(unit: string | undefined): string {
  if (unit === undefined || unit === "") return "score without a unit";
  return unit === "share" ? "% of examples" : unit;
}

function MetricRow({ metric }: { metric: MetricResult }) {
  const { title, description, unit, value, low, high, count, hits } = metric;
  return (
    <tr>
      <th scope="row">
        {title}
        {description !== undefined && <span className="metric-about">{description}</span>}
      </th>
      <td className="number">{formatMetric(value, unit)}</td>
      <td className="muted">{unitText(unit)}</td>
      <td>
        {unit === "share" && Number.isFinite(value) && <Interval value={value} low={low} high={high} />}
        <span className="interval">
          {formatMetric(low, unit)} to {formatMetric(high, unit)}
        </span>
      </td>
      <td className="number">
        {hits === undefined ? formatCount(count) : `${formatCount(hits)} of ${formatCount(count)}`}
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
