import { useEffect, useMemo, useState } from "react";
import { reportOf } from "../../../src/core/errors.ts";
import { catalogWith } from "../../../src/graph/graphBlock.ts";
import { type ComparedGraph, comparePipelines } from "../../../src/pipeline/comparePipelines.ts";
import type { Inside, TraceRequest } from "../../shared/protocol.ts";
import { originalOf, type Traces } from "../graph/inside.ts";
import { useEditor } from "../stores/editor.ts";
import { sendJson } from "../stores/request.ts";
import { DifferencesDrawing } from "./DifferencesDrawing.tsx";
import { DifferencesList } from "./DifferencesList.tsx";
import type { RunVersion } from "./versions.ts";

/** How the pipeline of a version differs from the first one's: drawn, and as a list. */
export function PipelineDifferences({ versions }: { versions: readonly RunVersion[] }) {
  const [chosen, setChosen] = useState(1);
  const base = versions[0];
  const other = versions[Math.min(chosen, versions.length - 1)];
  if (!base || !other || base === other) {
    return (
      <section className="compare-part" aria-labelledby="differences">
        <h2 id="differences">Pipelines</h2>
        <p className="muted">These runs computed the same: they have one pipeline.</p>
      </section>
    );
  }
  return (
    <section className="compare-part" aria-labelledby="differences">
      <div className="heading-row">
        <h2 id="differences">What {base.letter} and</h2>
        <select
          aria-label="Version to compare with the first"
          value={versions.indexOf(other)}
          onChange={(event) => setChosen(Number(event.target.value))}
        >
          {versions.slice(1).map(({ name }, index) => (
            <option key={name} value={index + 1}>
              {name}
            </option>
          ))}
        </select>
        <h2>differ in</h2>
      </div>
      <Compared base={base} other={other} key={`${base.letter}${other.letter}`} />
    </section>
  );
}

function Compared({ base, other }: { base: RunVersion; other: RunVersion }) {
  const { graphs, waits } = useDifferences(base, other);
  return (
    <>
      {graphs.length === 0 && <p className="muted">{waits ? "Looking…" : "Nothing that a graph shows."}</p>}
      {graphs.map((graph) => (
        <div key={graph.block ?? ""} className="compare-graph">
          {graph.block !== undefined && <h3>Inside {graph.block}</h3>}
          <DifferencesDrawing graph={graph} />
          <DifferencesList graph={graph} />
        </div>
      ))}
    </>
  );
}

/** The differences of two versions; what is not known of an original yet is asked for. */
function useDifferences(base: RunVersion, other: RunVersion): { graphs: ComparedGraph[]; waits: boolean } {
  const library = useEditor((editor) => editor.library);
  const [traces, setTraces] = useState<Traces>(new Map());
  const { graphs, requests } = useMemo(() => {
    const asked: TraceRequest[] = [];
    const found = comparePipelines(base.pipeline, other.pipeline, (block, { blocks }) => {
      const { graph, request } = originalOf(block, {}, blocks, catalogWith(library, blocks), traces);
      if (request && !traces.has(JSON.stringify(request))) asked.push(request);
      return graph;
    });
    return { graphs: found, requests: asked };
  }, [base.pipeline, other.pipeline, library, traces]);
  useEffect(() => {
    for (const request of requests) {
      const take = (answer: Inside | { fault: ReturnType<typeof reportOf> }) =>
        setTraces((known) => new Map([...known, [JSON.stringify(request), answer]]));
      sendJson<Inside>("POST", "/api/trace", request).then(take, (error: unknown) => take({ fault: reportOf(error) }));
    }
  }, [requests]);
  return { graphs, waits: requests.length > 0 };
}
