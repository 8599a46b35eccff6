import { formatCount, formatNumber, formatShare, words } from "../../../src/figures/numbers.ts";
import type { Mean, RunEventOf, Share } from "../../../src/runs/event.ts";
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
  const shares = Object.entries(result.shares);
  const means = Object.entries(result.means);
  return (
    <table>
      <caption>{result.title}</caption>
      <thead>
        <tr>
          <th scope="col">measure</th>
          <th scope="col" className="number">
            value
          </th>
          <th scope="col">95% interval</th>
          <th scope="col" className="number">
            count
          </th>
        </tr>
      </thead>
      <tbody>
        {shares.map(([name, share]) => (
          <ShareRow key={name} name={name} share={share} />
        ))}
        {means.map(([name, mean]) => (
          <MeanRow key={name} name={name} mean={mean} />
        ))}
      </tbody>
    </table>
  );
}

function ShareRow({ name, share }: { name: string; share: Share }) {
  const { hits, count, value, low, high } = share;
  return (
    <tr>
      <th scope="row">{words(name)}</th>
      <td className="number">{formatShare(value)}</td>
      <td>
        <Interval value={value ?? 0} low={low ?? 0} high={high ?? 0} />
        <span className="interval">
          {formatShare(low)} to {formatShare(high)}
        </span>
      </td>
      <td className="number">
        {formatCount(hits)} of {formatCount(count)}
      </td>
    </tr>
  );
}

function MeanRow({ name, mean }: { name: string; mean: Mean }) {
  const { count, value, low, high } = mean;
  return (
    <tr>
      <th scope="row">{words(name)}</th>
      <td className="number">{formatNumber(value)}</td>
      <td>
        <span className="interval">
          {formatNumber(low)} to {formatNumber(high)}
        </span>
      </td>
      <td className="number">{formatCount(count)}</td>
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
