import { useEffect, useMemo, useState } from "react";
import { printBytes } from "../../../src/core/bytes.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import { isOver } from "../../../src/runs/record.ts";
import { mostLanes, type RunSummary, type TrashedRun } from "../../shared/protocol.ts";
import { ConfirmDialog } from "../parts/ConfirmDialog.tsx";
import { Icon } from "../parts/Icon.tsx";
import { Notices } from "../parts/Notices.tsx";
import { usePageTitle } from "../parts/usePageTitle.ts";
import { tellError } from "../stores/notices.ts";
import { go, hashOf } from "../stores/route.ts";
import { useStudio } from "../stores/studio.ts";
import { deleteRuns, emptyTrash, listTrash, markRun, queueLanes, restoreRuns, stopRun } from "./changeRuns.ts";
import { everything, filterRuns, type RunFilter, statusFilters, tagsOf } from "./filterRuns.ts";
import { RunNotes } from "./RunNotes.tsx";
import { RunsBar } from "./RunsBar.tsx";
import "./runs.css";

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** At most so many rows at once: a longer table is slow, and nobody reads it to the end. */
const page = 200;

/** All runs of this machine: to find, to note things about, to compare, to delete. */
export default function RunsPage() {
  const runs = useStudio((studio) => studio.runs);
  const [filter, setFilter] = useState<RunFilter>(everything);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [noted, setNoted] = useState<string | undefined>(undefined);
  const [most, setMost] = useState(page);
  const shown = useMemo(() => filterRuns(runs, filter), [runs, filter]);
  const picked = runs.filter(({ id }) => chosen.has(id));
  const change = (part: Partial<RunFilter>) => setFilter({ ...filter, ...part });
  const choose = (ids: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const id of ids) on ? next.add(id) : next.delete(id);
    setChosen(next);
  };
  const inNotes = runs.find(({ id }) => id === noted);
  usePageTitle("Runs");
  return (
    <div className="app">
      <RunsBar />
      <main className="runs-page">
        <div className="runs-body">
          <RunsTools runs={runs} filter={filter} change={change}>
            <button
              type="button"
              className="button primary"
              disabled={picked.length < 2}
              title={picked.length < 2 ? "Choose two or more runs" : undefined}
              onClick={() => go({ page: "compare", runs: picked.map(({ id }) => id).reverse() })}
            >
              Compare{picked.length > 1 ? ` ${picked.length}` : ""}
            </button>
            <button
              type="button"
              className="button"
              disabled={picked.length === 0}
              onClick={() => {
                setChosen(new Set());
                void deleteRuns(picked);
              }}
            >
              Delete{picked.length > 0 ? ` ${picked.length}` : ""}
            </button>
          </RunsTools>
          {shown.length === 0 ? (
            <p className="runs-none">
              {runs.length === 0
                ? "There are no runs yet. Press Run on the pipeline’s page; what came of it is kept here."
                : "No run is like that. Search for less, or choose another filter."}
            </p>
          ) : (
            <div className="compare-scroll">
              <table className="runs-table" data-testid="runs">
                <thead>
                  <tr>
                    <th>
                      <input
                        type="checkbox"
                        aria-label="Choose all that are shown"
                        checked={shown.every(({ id }) => chosen.has(id))}
                        onChange={(event) =>
                          choose(
                            shown.map(({ id }) => id),
                            event.target.checked,
                          )
                        }
                      />
                    </th>
                    <th aria-label="Star" />
                    <th scope="col">Run</th>
                    <th scope="col">State</th>
                    <th scope="col">Last steps</th>
                    <th scope="col" className="number">
                      Seed
                    </th>
                    <th scope="col">Started</th>
                    <th scope="col" className="number">
                      Disk
                    </th>
                    <th aria-label="Notes" />
                  </tr>
                </thead>
                <tbody>
                  {shown.slice(0, most).map((run) => (
                    <Row
                      key={run.id}
                      run={run}
                      chosen={chosen.has(run.id)}
                      choose={(on) => choose([run.id], on)}
                      note={() => setNoted(run.id)}
                      showTag={(tag) => change({ tag })}
                    />
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {shown.length > most && (
            <button type="button" className="button" onClick={() => setMost(most + page)}>
              Show {formatCount(Math.min(page, shown.length - most))} more
            </button>
          )}
          <RunsFoot runs={runs} />
        </div>
      </main>
      {inNotes && <RunNotes run={inNotes} known={tagsOf(runs)} close={() => setNoted(undefined)} />}
      <Notices />
    </div>
  );
}

function RunsTools(props: {
  runs: readonly RunSummary[];
  filter: RunFilter;
  change: (part: Partial<RunFilter>) => void;
  children: React.ReactNode;
}) {
  const { runs, filter, change, children } = props;
  return (
    <div className="runs-tools">
      <input
        type="search"
        className="runs-search"
        aria-label="Search runs"
        placeholder="Search names, tags, notes"
        value={filter.search}
        onChange={(event) => change({ search: event.target.value })}
      />
      <select
        aria-label="State"
        value={filter.status}
        onChange={(event) => change({ status: event.target.value as RunFilter["status"] })}
      >
        {statusFilters.map((status) => (
          <option key={status} value={status}>
            {status === "all" ? "all states" : status}
          </option>
        ))}
      </select>
      <select
        aria-label="Tag"
        value={filter.tag ?? ""}
        onChange={(event) => change({ tag: event.target.value || undefined })}
      >
        <option value="">all tags</option>
        {tagsOf(runs).map((tag) => (
          <option key={tag}>{tag}</option>
        ))}
      </select>
      <label className="check">
        <input
          type="checkbox"
          checked={filter.starred}
          onChange={(event) => change({ starred: event.target.checked })}
        />
        starred
      </label>
      <span className="space" />
      <Lanes />
      {children}
    </div>
  );
}

function Row(props: {
  run: RunSummary;
  chosen: boolean;
  choose: (on: boolean) => void;
  note: () => void;
  showTag: (tag: string) => void;
}) {
  const { run, chosen, choose, note, showTag } = props;
  const { id, name, status, step, steps, about, seed, created, bytes, marks } = run;
  return (
    <tr data-chosen={chosen}>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${name}, seed ${seed}`}
          checked={chosen}
          onChange={(event) => choose(event.target.checked)}
        />
      </td>
      <td>
        <button
          type="button"
          className="icon-button small star"
          aria-label={`Star: ${name}`}
          aria-pressed={marks.starred}
          onClick={() => markRun(id, { starred: !marks.starred })}
        >
          <Icon name="star" size={14} />
        </button>
      </td>
      <td className="run-what">
        <a href={hashOf({ page: "pipeline", run: id })} title={id}>
          {name}
        </a>
        {marks.tags.map((tag) => (
          <button type="button" key={tag} className="tag" onClick={() => showTag(tag)}>
            {tag}
          </button>
        ))}
        {marks.notes !== "" && <p className="run-notes muted">{marks.notes}</p>}
      </td>
      <td>
        <span className="run-name">
          <i className="status-dot" data-status={status} />
          {status}
        </span>
        <span className="muted">
          {" "}
          {formatCount(step)}
          {steps > 0 && ` of ${formatCount(steps)}`}
        </span>
      </td>
      <td className="muted">{about.join(" · ")}</td>
      <td className="number">{seed}</td>
      <td className="muted">{clock.format(created)}</td>
      <td className="number">{bytes > 0 ? printBytes(bytes) : "–"}</td>
      <td className="run-actions">
        {!isOver(status) && (
          <button
            type="button"
            className="icon-button small"
            aria-label={`Stop: ${name}, seed ${seed}`}
            title="Stop after this step; by force after 5 seconds"
            onClick={() => stopRun(id)}
          >
            <Icon name="stop" size={13} />
          </button>
        )}
        <button type="button" className="icon-button small" aria-label={`Name, tags and notes: ${name}`} onClick={note}>
          <Icon name="pencil" size={14} />
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label={`Delete: ${name}`}
          onClick={() => void deleteRuns([run])}
        >
          <Icon name="trash" size={14} />
        </button>
      </td>
    </tr>
  );
}

const laneCounts = Array.from({ length: mostLanes }, (_, index) => index + 1);

/** How many runs go on at once; the others wait in line. */
function Lanes() {
  const [lanes, setLanes] = useState(1);
  const online = useStudio(({ connection }) => connection === "online");
  useEffect(() => {
    if (online) queueLanes().then(setLanes, tellError);
  }, [online]);
  return (
    <label className="check" title="Side by side they share the device: each is slower">
      Runs at once
      <select value={lanes} onChange={(event) => queueLanes(Number(event.target.value)).then(setLanes, tellError)}>
        {laneCounts.map((count) => (
          <option key={count}>{count}</option>
        ))}
      </select>
    </label>
  );
}

/** What all runs take on the disk, and what is in the trash. */
function RunsFoot({ runs }: { runs: readonly RunSummary[] }) {
  const [trash, setTrash] = useState<readonly TrashedRun[]>([]);
  const [asking, setAsking] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the trash changes when the list does
  useEffect(() => {
    listTrash().then(setTrash, () => {}); // without a connection there is a bar that says so
  }, [runs]);
  const sum = (some: readonly { bytes: number }[]) => some.reduce((total, { bytes }) => total + bytes, 0);
  const taken = sum(runs); // 0 while the server measures the folders
  return (
    <footer className="runs-foot muted">
      <span>
        {formatCount(runs.length)} {runs.length === 1 ? "run" : "runs"}
        {taken > 0 && `, ${printBytes(taken)} on the disk`}
      </span>
      {trash.length > 0 && (
        <>
          <span>
            · {formatCount(trash.length)} in the trash, {printBytes(sum(trash))}
          </span>
          <button type="button" className="link" onClick={() => void restoreRuns(trash).catch(tellError)}>
            Put back
          </button>
          <button type="button" className="link" onClick={() => setAsking(true)}>
            Empty it
          </button>
        </>
      )}
      {asking && (
        <ConfirmDialog
          title="Empty the trash?"
          label="Delete for good"
          danger
          confirm={() => void emptyTrash().then(() => setTrash([]), tellError)}
          close={() => setAsking(false)}
        >
          {formatCount(trash.length)} {trash.length === 1 ? "run is" : "runs are"} deleted from the disk. This cannot be
          undone.
        </ConfirmDialog>
      )}
    </footer>
  );
}
