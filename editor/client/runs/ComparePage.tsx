import { useEffect, useMemo } from "react";
import { css } from "../../../src/figures/colors.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import { ConnectionBar } from "../parts/ConnectionBar.tsx";
import { Icon } from "../parts/Icon.tsx";
import { Notices } from "../parts/Notices.tsx";
import { usePageTitle } from "../parts/usePageTitle.ts";
import { go, hashOf } from "../stores/route.ts";
import { useStudio } from "../stores/studio.ts";
import { useTheme } from "../stores/theme.ts";
import { Captions } from "./Captions.tsx";
import { Curves } from "./Curves.tsx";
import { followCompared, useCompared } from "./compared.ts";
import { PipelineDifferences } from "./PipelineDifferences.tsx";
import { ResultsTable } from "./ResultsTable.tsx";
import { RunsBar } from "./RunsBar.tsx";
import { type RunVersion, versionsOf } from "./versions.ts";
import "./runs.css";

/** The server follows no more runs for one page. */
const most = 30;

/** Runs over each other: their curves, results, pipelines and captions. The first one is what others are compared with. */
export default function ComparePage({ chosen }: { chosen: readonly string[] }) {
  const ids = chosen.slice(0, most).join(",");
  const runs = useStudio((studio) => studio.runs);
  const pipelines = useCompared((compared) => compared.pipelines);
  const faults = useCompared((compared) => compared.faults);
  useEffect(() => followCompared(ids.split(",")), [ids]);
  usePageTitle("Compare");
  // Names, seeds and which runs there are: what changes at each step of a run is no reason to make versions anew.
  const named = JSON.stringify(runs.map(({ id, name, seed }) => [id, name, seed]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `named` is what matters of the runs
  const versions = useMemo(() => versionsOf(ids.split(","), runs, pipelines), [ids, named, pipelines]);
  const broken = ids.split(",").filter((id) => id in faults);
  return (
    <div className="app">
      <RunsBar />
      <ConnectionBar />
      <main className="runs-page">
        <div className="compare-body">
          <div className="heading-row">
            <a className="button quiet" href={hashOf({ page: "runs" })}>
              <Icon name="left" size={14} /> Runs
            </a>
            <h1>Compare</h1>
            <span className="muted">
              {formatCount(chosen.length)} runs of {formatCount(versions.length)}{" "}
              {versions.length === 1 ? "pipeline" : "pipelines"}
            </span>
          </div>
          {broken.map((id) => (
            <p key={id} className="callout" role="alert">
              {id}: {faults[id]!.message}
            </p>
          ))}
          {chosen.length > most && (
            <p className="callout" role="alert">
              At most {most} runs are compared; the others are left out.
            </p>
          )}
          <VersionList versions={versions} chosen={chosen} />
          {versions.length > 0 && (
            <>
              <ResultsTable versions={versions} />
              <Curves versions={versions} />
              <PipelineDifferences versions={versions} />
              <Captions versions={versions} />
            </>
          )}
        </div>
      </main>
      <Notices />
    </div>
  );
}

/** What is compared, with its colours; each version can be made the first, each run can be left out. */
function VersionList({ versions, chosen }: { versions: readonly RunVersion[]; chosen: readonly string[] }) {
  const runs = useStudio((studio) => studio.runs);
  const theme = useTheme();
  const show = (ids: readonly string[]) => go({ page: "compare", runs: [...ids] }, { replace: true });
  return (
    <ul className="compare-versions">
      {versions.map((version, index) => (
        <li key={version.letter}>
          <strong>{version.name}</strong>
          {version.runs.map(({ id, seed, color }) => (
            <span key={id} className="compare-run">
              <i className="swatch" style={{ background: css(color, theme) }} />
              <a href={hashOf({ page: "pipeline", run: id })}>seed {seed}</a>
              <i className="status-dot" data-status={runs.find((run) => run.id === id)?.status} />
              {chosen.length > 1 && (
                <button
                  type="button"
                  className="icon-button small"
                  aria-label={`Leave out ${version.letter}, seed ${seed}`}
                  onClick={() => show(chosen.filter((other) => other !== id))}
                >
                  <Icon name="close" size={11} />
                </button>
              )}
            </span>
          ))}
          {index === 0 ? (
            versions.length > 1 && <span className="tag">compared with</span>
          ) : (
            <button
              type="button"
              className="link"
              onClick={() => {
                const own = version.runs.map(({ id }) => id);
                show([...own, ...chosen.filter((id) => !own.includes(id))]);
              }}
            >
              Compare with this
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
