import type { NodeProps } from "@xyflow/react";
import { memo, useMemo } from "react";
import { useShallow } from "zustand/react/shallow";
import type { CatalogEntry } from "../../../src/core/catalog.ts";
import { printShape, type SolvedShape } from "../../../src/core/shape.ts";
import { toneOf } from "../../../src/figures/tone.ts";
import type { Differences } from "../../../src/graph/edit/differences.ts";
import { shareOf, shownState } from "../../../src/runs/progress.ts";
import { portKey } from "../graph/connection.ts";
import { figureOf } from "../graph/figure.ts";
import type { BlockFlowNode } from "../graph/flowNodes.ts";
import { portsOf } from "../graph/nodePorts.ts";
import { useEditor } from "../stores/editor.ts";
import { openNode } from "../stores/inside.ts";
import { useMended } from "../stores/mended.ts";
import { useNodeRun } from "../stores/ownRun.ts";
import { useWiring } from "../stores/wiring.ts";
import { BlockCard, type CardPort } from "./BlockCard.tsx";
import { LiveFigure } from "./LiveFigure.tsx";

const noShapes: Record<string, SolvedShape> = {};

/** A node of the pipeline, of whatever type: everything it shows comes from the catalog, the solver and the run. */
export const BlockNode = memo(function BlockNode({ id }: NodeProps<BlockFlowNode>) {
  const node = useEditor((editor) => editor.graph.nodes[id]);
  const isInside = useEditor((editor) => editor.path.length > 0);
  const ranId = isInside ? "" : id; // a run tells of the pipeline's nodes
  const entry = useEditor((editor) => editor.catalog[node?.type ?? ""]);
  const count = useEditor((editor) => editor.counts[id]);
  const problem = useEditor((editor) => problemAt(editor, id));
  const difference = useEditor(({ changes }) => differenceOf(changes, id));
  const progress = useNodeRun(ranId, (run) => run.nodes[ranId]);
  const mended = useMended(({ nodes }) => nodes.has(ranId));
  const ran = useNodeRun(ranId, (run) => shownState(run.status, run.nodes[ranId]));
  const state = mended && ran === "failed" ? "idle" : ran;
  const ports = useCardPorts(id, entry);
  if (!node) return null;
  const title = node.label ?? entry?.title ?? node.type;
  const isBusy = state === "running";
  const subtitle =
    isBusy && progress?.activity
      ? progress.activity
      : !entry
        ? "unknown block"
        : isInside
          ? id
          : subtitleOf(title, entry);
  return (
    <BlockCard
      title={title}
      subtitle={isBusy || !entry || fits(entry, count?.weights ?? 0) ? subtitle : entry.category}
      hint={subtitle}
      tone={toneOf(count)}
      weights={count?.weights ?? 0}
      ports={ports}
      connectable={true}
      unknown={!entry}
      skip={node.skip}
      difference={difference ?? (entry?.from === undefined ? undefined : "changed")}
      state={state}
      share={isBusy && progress?.total ? shareOf(progress) : undefined}
      wrong={(mended ? undefined : progress?.error?.message) ?? problem}
      onOpen={entry?.kind === "composite" ? () => openNode(id) : undefined}
    >
      <LiveFigure node={ranId} category={entry?.category} figure={figureOf(entry)} />
    </BlockCard>
  );
});

/** Whether a block's title has room below a label, beside the weights. */
function fits(entry: CatalogEntry, weights: number): boolean {
  return entry.title.length <= (weights > 0 || entry.kind === "composite" ? 18 : 28);
}

function differenceOf(changes: Differences | undefined, id: string): "added" | "changed" | undefined {
  if (changes?.added.includes(id)) return "added";
  return changes?.changed.includes(id) ? "changed" : undefined;
}

/** What is wrong with a node, or in the pipeline's own block that it is. */
function problemAt({ shownProblems, problems, graph }: ReturnType<typeof useEditor.getState>, id: string) {
  const own = shownProblems.find((found) => found.node === id);
  return (own ?? problems.find(({ inside }) => inside !== undefined && inside === graph.nodes[id]?.type))?.message;
}

function subtitleOf(title: string, entry: CatalogEntry): string {
  return title === entry.title ? entry.category : entry.title;
}

function useCardPorts(id: string, entry: CatalogEntry | undefined): CardPort[] {
  const inputs = useEditor((editor) => editor.solution.inputs[id] ?? noShapes);
  const outputs = useEditor((editor) => editor.solution.outputs[id] ?? noShapes);
  const names = useEditor(useShallow((editor) => namesOf(editor.graph, id, entry)));
  const wrong = useEditor(
    useShallow((editor) =>
      editor.shownProblems.flatMap((found) => (found.node === id && found.port ? [found.port] : [])),
    ),
  );
  const wiring = useWiring(useShallow((state) => names.map((name) => judged(state, id, name))));
  return useMemo(
    () =>
      names.map((name, index) => {
        const [direction, port] = split(name);
        const isInput = direction === "input";
        const spec = entry?.[isInput ? "inputs" : "outputs"][port];
        const hint = spec ? `${port}: ${spec.doc}\n${printShape(spec.shape)} ${spec.dtype}` : port;
        return {
          name: port,
          direction,
          shape: (isInput ? inputs : outputs)[port],
          hint: spec?.optional ? `${hint}, need not be wired` : hint,
          optional: spec?.optional ?? false,
          wiring: wiring[index],
          wrong: isInput && wrong.includes(port),
        };
      }),
    [names, entry, inputs, outputs, wrong, wiring],
  );
}

function namesOf(pipeline: Parameters<typeof portsOf>[0], id: string, entry: CatalogEntry | undefined): string[] {
  const { inputs, outputs } = portsOf(pipeline, id, entry);
  return [...inputs.map((port) => `input ${port}`), ...outputs.map((port) => `output ${port}`)];
}

function split(name: string): ["input" | "output", string] {
  const at = name.indexOf(" ");
  return [name.slice(0, at) as "input" | "output", name.slice(at + 1)];
}

function judged(
  { end, verdicts }: ReturnType<typeof useWiring.getState>,
  id: string,
  name: string,
): CardPort["wiring"] {
  const [direction, port] = split(name);
  if (!end || direction === end.direction) return undefined;
  const key = portKey(id, port);
  if (!verdicts.has(key)) return undefined;
  return verdicts.get(key) ? "refused" : "fits";
}
