import { useShallow } from "zustand/react/shallow";
import type { CatalogEntry } from "../../../src/core/catalog.ts";
import { withFix } from "../../../src/core/errors.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import { shapeText } from "../../../src/figures/shapeText.ts";
import { toneOf, toneWords } from "../../../src/figures/tone.ts";
import { changeNode, setProperty } from "../../../src/graph/edit/drawnGraph.ts";
import { replaceBlock } from "../../../src/graph/edit/rejoin.ts";
import type { GraphEdge, GraphNode } from "../../../src/graph/graph.ts";
import { planText } from "../../../src/pipeline/planPreview.ts";
import { actionNamed } from "../edit/actions.ts";
import { offeredBlocks } from "../graph/connection.ts";
import { edgeIds } from "../graph/edges.ts";
import { perform } from "../stores/context.ts";
import { commit, sealHistory, select, useEditor } from "../stores/editor.ts";
import { useFindings } from "../stores/findings.ts";
import { openNode } from "../stores/inside.ts";
import { useMended } from "../stores/mended.ts";
import { useNodeRun } from "../stores/ownRun.ts";
import { usePlan } from "../stores/plan.ts";
import { GroupForm, NoteForm } from "./AnnotationInspector.tsx";
import { newNode } from "./addBlock.ts";
import { ConfigForm } from "./ConfigForm.tsx";
import { Icon } from "./Icon.tsx";
import { PortTable } from "./PortTable.tsx";
import { StartsFrom } from "./StartsFrom.tsx";

/** What is selected, with all that can be changed about it. */
export function Inspector() {
  const { nodes, edges } = useEditor((editor) => editor.selection);
  const graph = useEditor((editor) => editor.graph);
  const wire = graph.edges.find((_edge, index) => edges.includes(edgeIds(graph.edges)[index]!));
  const [id] = nodes;
  const node = id === undefined ? undefined : graph.nodes[id];
  if (nodes.length > 1) return <ManyInspector count={nodes.length} />;
  if (id !== undefined && node) return <NodeInspector key={id} id={id} node={node} />;
  const note = graph.view.notes?.[id ?? ""];
  if (id !== undefined && note)
    return (
      <Frame title="Note" kind="On the canvas">
        <NoteForm key={id} id={id} note={note} />
      </Frame>
    );
  const group = graph.view.groups?.[id ?? ""];
  if (id !== undefined && group)
    return (
      <Frame title={group.title || "Group"} kind="Group">
        <GroupForm key={id} id={id} group={group} />
      </Frame>
    );
  return wire ? <WireInspector wire={wire} /> : null;
}

function Frame({ title, kind, children }: { title: string; kind: string; children: React.ReactNode }) {
  return (
    <aside className="inspector floating" aria-label="Inspector" data-testid="inspector">
      <header>
        <div>
          <p className="overline">{kind}</p>
          <h2>{title}</h2>
        </div>
        <button type="button" className="icon-button small" onClick={() => select([])} aria-label="Close the inspector">
          <Icon name="close" size={14} />
        </button>
      </header>
      <div className="inspector-body">{children}</div>
    </aside>
  );
}

function NodeInspector({ id, node }: { id: string; node: GraphNode }) {
  const entry = useEditor((editor) => editor.catalog[node.type]);
  const fault = useFault(id);
  if (!entry) return <UnknownInspector id={id} node={node} />;
  return (
    <Frame title={node.label ?? entry.title} kind={entry.category}>
      <NodeProblems id={id} />
      <NodePlanLine id={id} />
      <RunWarnings id={id} />
      <p className="summary">{entry.summary}</p>
      {entry.paper && <p className="paper">Paper: {entry.paper}</p>}
      <Weights id={id} node={node} />
      <FindingLines id={id} node={node} />
      <ConfigForm id={id} node={node} entry={entry} fault={fault?.field} />
      <PortTable id={id} entry={entry} />
      <section>
        <h3>Node</h3>
        <LabelField id={id} node={node} placeholder={entry.title} />
        <ReplaceField id={id} node={node} />
        <ShareField id={id} node={node} />
        <dl className="facts">
          <dt>Block</dt>
          <dd>{node.type}</dd>
          <dt>Id</dt>
          <dd>{id}</dd>
        </dl>
        <NodeButtons id={id} entry={entry} />
      </section>
    </Frame>
  );
}

/** What is wrong with a node: what broke the run there, unless it may be mended since, else what would keep one from starting. */
function useFault(id: string) {
  const problem = useEditor((editor) => editor.shownProblems.find((found) => found.node === id));
  const failed = useNodeRun(id, (run) => run.nodes[id]?.error);
  const mended = useMended(({ nodes }) => nodes.has(id));
  return (mended ? undefined : failed) ?? problem;
}

function NodeProblems({ id }: { id: string }) {
  const shown = useFault(id);
  if (!shown) return null;
  return (
    <div className="callout" role="alert">
      <Icon name="warning" />
      <div>
        <p>{shown.message}</p>
        {shown.fix && <p className="fix">Fix: {shown.fix}</p>}
      </div>
    </div>
  );
}

/** Whether the node is computed anew by the next run, and why. */
function NodePlanLine({ id }: { id: string }) {
  const plan = usePlan().find(({ node }) => node === id);
  return plan ? <p className="muted plan-line">{planText(plan)}</p> : null;
}

/** Messages of the run about this node, such as words that the model cannot say. */
function RunWarnings({ id }: { id: string }) {
  const messages = useNodeRun(
    id,
    useShallow((run) =>
      run.messages.filter(({ level, node }) => level === "warning" && node === id).map((each) => each.message),
    ),
  );
  return messages.map((message) => (
    <p key={message} className="finding" data-kind="warning">
      <Icon name="warning" size={13} /> {message}
    </p>
  ));
}

/** What is found of what the node names outside of the pipeline, as soon as it is written. */
function FindingLines({ id, node }: { id: string; node: GraphNode }) {
  const findings = useFindings(id, node);
  if (!findings) return null;
  const error = "error" in findings ? findings.error : undefined;
  const { facts, warnings } = "error" in findings ? { facts: [], warnings: [] } : findings;
  if (!error && facts.length + warnings.length === 0) return null;
  return (
    <section aria-label="What was found" data-testid="findings" role="status">
      {error && (
        <p className="finding" data-kind="error">
          <Icon name="warning" size={13} /> {withFix(error.message, error.fix)}
        </p>
      )}
      {facts.map((fact) => (
        <p key={fact} className="finding">
          <Icon name="check" size={13} /> {fact}
        </p>
      ))}
      {warnings.map((warning) => (
        <p key={warning} className="finding" data-kind="warning">
          <Icon name="warning" size={13} /> {warning}
        </p>
      ))}
    </section>
  );
}

function Weights({ id, node }: { id: string; node: GraphNode }) {
  const count = useEditor((editor) => editor.counts[id]);
  if (!count || count.weights === 0) return null;
  const tone = toneOf(count);
  const change = (key: "frozen" | "weights", value: boolean | string | undefined) => {
    const { graph } = useEditor.getState();
    const label = key === "frozen" ? (value ? "Freeze" : "Unfreeze") : "Change weights";
    commit(
      label,
      changeNode(graph, id, (before) => setProperty(before, key, value as never)),
      { key: `${id} ${key}` },
    );
  };
  return (
    <section>
      <h3>Weights</h3>
      <div className="weights" data-tone={tone}>
        <i data-tone={tone} />
        <span>
          <strong>{formatCount(count.weights)}</strong> {toneWords[tone]}
          {tone === "both" && `: ${formatCount(count.trainable)} learn`}
        </span>
      </div>
      <NewWeightsOf id={id} />
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          checked={node.frozen === true}
          aria-checked={node.frozen === true}
          onChange={(event) => change("frozen", event.target.checked || undefined)}
        />
        <span>Frozen: keep all of its weights as they are</span>
      </label>
      <StartsFrom node={id} value={node.weights} change={(name) => change("weights", name)} />
    </section>
  );
}

/** What a changed copy has beyond what it was made from: no checkpoint of that holds it. */
function NewWeightsOf({ id }: { id: string }) {
  const isInside = useEditor((editor) => editor.path.length > 0);
  const fresh = useEditor((editor) => editor.newWeights[id]);
  if (!fresh || isInside) return null;
  return (
    <p className="field-help new-weights" data-testid="new-weights" title={fresh.names.join("\n")}>
      <strong>{formatCount(fresh.weights)}</strong> of them are new by your changes:{" "}
      {fresh.names.slice(0, 3).join(", ")}
      {fresh.names.length > 3 && ` and ${fresh.names.length - 3} more`}.
    </p>
  );
}

function LabelField({ id, node, placeholder }: { id: string; node: GraphNode; placeholder: string }) {
  return (
    <label className="field">
      <span className="field-name">Label</span>
      <input
        type="text"
        maxLength={120}
        value={node.label ?? ""}
        placeholder={placeholder}
        onChange={(event) => {
          const { graph } = useEditor.getState();
          const label = event.target.value || undefined;
          const next = changeNode(graph, id, (before) => setProperty(before, "label", label));
          commit("Rename node", next, { key: `${id} label` });
        }}
        onBlur={sealHistory}
      />
    </label>
  );
}

/** Makes the node one of another kind; what fits of its fields and wires stays. */
function ReplaceField({ id, node }: { id: string; node: GraphNode }) {
  const catalog = useEditor((editor) => editor.catalog);
  const graph = useEditor((editor) => editor.solvable);
  const entry = catalog[node.type]!;
  const others = offeredBlocks(graph, catalog).filter(
    ({ kind, name }) => name !== node.type && isAlike(kind, entry.kind),
  );
  const change = (type: string) => {
    const { graph: shown, solvable } = useEditor.getState();
    const { nodes, edges } = replaceBlock(solvable, id, newNode(type), catalog);
    commit("Replace", { ...shown, nodes: { ...shown.nodes, [id]: nodes[id]! }, edges });
  };
  return (
    <label className="field">
      <span className="field-name">Replace by</span>
      <select value="" onChange={(event) => change(event.target.value)}>
        <option value="">{entry.title}</option>
        {others.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Blocks replace blocks; data replaces data, and an action another one. */
function isAlike(a: string, b: string): boolean {
  const kindOf = (kind: string) => (kind === "primitive" || kind === "composite" ? "block" : kind);
  return kindOf(a) === kindOf(b);
}

/** Inside a block: uses the weights of another node of the same kind and configuration. */
function ShareField({ id, node }: { id: string; node: GraphNode }) {
  const graph = useEditor((editor) => editor.graph);
  const count = useEditor((editor) => editor.counts[id]);
  if (!graph.inputs || (!count?.weights && node.shares === undefined)) return null;
  const same = Object.entries(graph.nodes).filter(
    ([other, { type, shares }]) => other !== id && type === node.type && shares === undefined,
  );
  if (same.length === 0) return null;
  const change = (owner: string) => {
    const { graph: shown } = useEditor.getState();
    const next = changeNode(shown, id, (before) => {
      if (owner === "") return setProperty(before, "shares", undefined);
      const { config, frozen, pretrained } = shown.nodes[owner]!;
      const { frozen: _frozen, pretrained: _pretrained, ...rest } = before;
      return {
        ...rest,
        config,
        ...(frozen === undefined ? {} : { frozen }),
        ...(pretrained === undefined ? {} : { pretrained }),
        shares: owner,
      };
    });
    commit(owner === "" ? "Weights of its own" : "Share weights", next);
  };
  return (
    <label className="field">
      <span className="field-name">Shares weights of</span>
      <select value={node.shares ?? ""} onChange={(event) => change(event.target.value)}>
        <option value="">none: has weights of its own</option>
        {same.map(([other]) => (
          <option key={other} value={other}>
            {other}
          </option>
        ))}
      </select>
      <span className="field-help">It takes over that node’s configuration too.</span>
    </label>
  );
}

function NodeButtons({ id, entry }: { id: string; entry: CatalogEntry }) {
  return (
    <div className="button-row">
      {entry.kind === "composite" && (
        <button type="button" className="button" onClick={() => openNode(id)}>
          <Icon name="open" size={14} /> Inside
        </button>
      )}
      <button type="button" className="button" onClick={() => perform(actionNamed("duplicate"))}>
        <Icon name="copy" size={14} /> Duplicate
      </button>
      <button type="button" className="button" onClick={() => perform(actionNamed("delete"))}>
        <Icon name="trash" size={14} /> Delete
      </button>
      <SkipButtons />
    </div>
  );
}

/** Leaves what is selected out of what is computed, or computes it again. */
function SkipButtons() {
  const ids = useEditor((editor) => editor.selection.nodes);
  const nodes = useEditor((editor) => editor.graph.nodes);
  return (["bypass", "mute"] as const).map((skip) => (
    <button
      key={skip}
      type="button"
      className="button"
      aria-pressed={ids.every((id) => nodes[id]?.skip === skip)}
      title={
        skip === "bypass"
          ? "What comes in goes on, as if the node did nothing (B)"
          : "As if the node were not there (M)"
      }
      onClick={() => perform(actionNamed(skip))}
    >
      {skip === "bypass" ? "Bypass" : "Mute"}
    </button>
  ));
}

function UnknownInspector({ id, node }: { id: string; node: GraphNode }) {
  return (
    <Frame title={node.label ?? node.type} kind="Unknown block">
      <div className="callout" role="alert">
        <Icon name="warning" />
        <div>
          <p>This studio has no block “{node.type}”.</p>
          <p className="fix">It is kept as it is, and saved unchanged. Replace it, or update the studio, to run.</p>
        </div>
      </div>
      <section>
        <h3>Configuration, as in the file</h3>
        <pre className="raw">{JSON.stringify(node.config, null, 2)}</pre>
      </section>
      <p className="muted">Id: {id}</p>
    </Frame>
  );
}

function ManyInspector({ count }: { count: number }) {
  return (
    <Frame title={`${count} nodes`} kind="Selection">
      <div className="button-row">
        <button type="button" className="button" onClick={() => perform(actionNamed("duplicate"))}>
          <Icon name="copy" size={14} /> Duplicate
        </button>
        <button type="button" className="button" onClick={() => perform(actionNamed("delete"))}>
          <Icon name="trash" size={14} /> Delete
        </button>
        <button type="button" className="button" onClick={() => perform(actionNamed("group"))}>
          Group
        </button>
        <SkipButtons />
      </div>
    </Frame>
  );
}

function WireInspector({ wire }: { wire: GraphEdge }) {
  const index = useEditor((editor) => editor.graph.edges.indexOf(wire));
  const problem = useEditor((editor) => editor.shownProblems.find((found) => found.edge === index));
  const shape = useEditor((editor) => editor.solution.outputs[wire.from[0]]?.[wire.from[1]]);
  return (
    <Frame title={problem ? "Wire that does not fit" : "Wire"} kind={shapeText(shape)}>
      {problem && (
        <div className="callout" role="alert">
          <Icon name="warning" />
          <div>
            <p>{problem.message}</p>
            {problem.fix && <p className="fix">Fix: {problem.fix}</p>}
          </div>
        </div>
      )}
      <dl className="facts">
        <dt>From</dt>
        <dd>
          <button type="button" className="link" onClick={() => select([wire.from[0]])}>
            {wire.from.join(" · ")}
          </button>
        </dd>
        <dt>To</dt>
        <dd>
          <button type="button" className="link" onClick={() => select([wire.to[0]])}>
            {wire.to.join(" · ")}
          </button>
        </dd>
      </dl>
      <div className="button-row">
        <button type="button" className="button" onClick={() => perform(actionNamed("delete"))}>
          <Icon name="trash" size={14} /> Remove wire
        </button>
      </div>
    </Frame>
  );
}
