import { useEffect, useMemo, useState } from "react";
import { reportOf } from "../../../src/core/errors.ts";
import { catalogWith } from "../../../src/graph/graphBlock.ts";
import { type ComparedGraph, comparePipelines } from "../../../src/pipeline/comparePipelines.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import type { Inside, TraceRequest } from "../../shared/protocol.ts";
import { originalOf, type Traces } from "../graph/inside.ts";
import { useEditor } from "../stores/editor.ts";
import { sendJson } from "../stores/request.ts";
import { DifferencesDrawing } from "./DifferencesDrawing.tsx";
import { DifferencesList } from "./DifferencesList.tsx";

/** How two pipelines differ: each graph that does, drawn and as a list. */
export function ComparedGraphs({ before, after, none }: { before: Pipeline; after: Pipeline; none: string }) {
  const { graphs, waits } = useDifferences(before, after);
  return (
    <>
      {graphs.length === 0 && <p className="muted">{waits ? "Looking…" : none}</p>}
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

/** The differences of two pipelines; what is not known of an original yet is asked for. */
function useDifferences(before: Pipeline, after: Pipeline): { graphs: ComparedGraph[]; waits: boolean } {
  const library = useEditor((editor) => editor.library);
  const [traces, setTraces] = useState<Traces>(new Map());
  const { graphs, requests } = useMemo(() => {
    const asked: TraceRequest[] = [];
    const found = comparePipelines(before, after, (block, { blocks }) => {
      const { graph, request } = originalOf(block, {}, blocks, catalogWith(library, blocks), traces);
      if (request && !traces.has(JSON.stringify(request))) asked.push(request);
      return graph;
    });
    return { graphs: found, requests: asked };
  }, [before, after, library, traces]);
  useEffect(() => {
    for (const request of requests) {
      const take = (answer: Inside | { fault: ReturnType<typeof reportOf> }) =>
        setTraces((known) => new Map([...known, [JSON.stringify(request), answer]]));
      sendJson<Inside>("POST", "/api/trace", request).then(take, (error: unknown) => take({ fault: reportOf(error) }));
    }
  }, [requests]);
  return { graphs, waits: requests.length > 0 };
}
