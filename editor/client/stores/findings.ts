import { useEffect, useState } from "react";
import { type ErrorReport, reportOf } from "../../../src/core/errors.ts";
import type { Findings } from "../../../src/core/findings.ts";
import type { GraphNode } from "../../../src/graph/graph.ts";
import { fullConfig } from "../../../src/graph/solve.ts";
import type { StartingWeights } from "../../shared/protocol.ts";
import { useEditor } from "./editor.ts";
import { getJson, sendJson } from "./request.ts";

/** A person types on for so long, in milliseconds. */
const pause = 300;

/** What the server finds of what a node names outside of the pipeline, a moment after each change; undefined until then. */
export function useFindings(id: string, node: GraphNode): Findings | { error: ErrorReport } | undefined {
  const entry = useEditor((editor) => editor.catalog[node.type]);
  const [found, setFound] = useState<{ of: string; findings: Findings | { error: ErrorReport } }>();
  const names = entry?.kind === "source" || node.weights !== undefined;
  const request =
    names && entry ? { id, type: node.type, config: fullConfig(node, entry), weights: node.weights } : undefined;
  const text = request ? JSON.stringify(request) : "";
  useEffect(() => {
    if (text === "") return;
    let current = true;
    const take = (findings: Findings | { error: ErrorReport }) => {
      if (current) setFound({ of: text, findings });
    };
    const timer = setTimeout(
      () =>
        sendJson<Findings>("POST", "/api/findings", JSON.parse(text)).then(take, (error: unknown) =>
          take({ error: reportOf(error) }),
        ),
      pause,
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  return found?.of === text ? found.findings : undefined;
}

/** What a node may start from, as the server has it now. */
export function useStartingWeights(): StartingWeights[] {
  const [list, setList] = useState<StartingWeights[]>([]);
  useEffect(() => {
    getJson<StartingWeights[]>("/api/weights").then(setList, () => {}); // the connection's state tells it
  }, []);
  return list;
}
