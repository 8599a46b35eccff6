import {
  Background,
  BackgroundVariant,
  Handle,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
  useReactFlow,
} from "@xyflow/react";
import { useEffect, useState } from "react";
import { type ErrorReport, reportOf } from "../../../src/core/errors.ts";
import { shapeText } from "../../../src/figures/shapeText.ts";
import { toneOf } from "../../../src/figures/tone.ts";
import type { Inside as InsideOf, TraceRequest } from "../../shared/protocol.ts";
import { card, cardHeight } from "../graph/cardSize.ts";
import type { WireFlowEdge } from "../graph/flowNodes.ts";
import { drawInside, type InsideEdge, type InsideNode, terminal, traceRequestOf } from "../graph/inside.ts";
import { type Opened, setInside, useEditor } from "../stores/editor.ts";
import { sendJson } from "../stores/request.ts";
import { BlockCard, type CardPort } from "./BlockCard.tsx";
import { CanvasTools } from "./CanvasTools.tsx";
import { Icon } from "./Icon.tsx";
import { Wire } from "./Wire.tsx";

type CallNode = Node<{ node: InsideNode; open: (() => void) | undefined }, "call">;
type EndNode = Node<{ node: InsideNode }, "end">;

const nodeTypes = { call: CallView, end: EndView };
const edgeTypes = { wire: Wire };

/** The inside of an opened block, traced from its own code: to look at, and to open further. */
export function Inside() {
  const opened = useEditor((editor) => editor.inside);
  const name = useEditor((editor) => editor.pipeline.name);
  const last = opened.at(-1);
  const traced = useTraced(last);
  useEffect(() => {
    const leave = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) setInside(useEditor.getState().inside.slice(0, -1));
    };
    document.addEventListener("keydown", leave);
    return () => document.removeEventListener("keydown", leave);
  }, []);
  return (
    <section className="canvas inside" aria-label={`Inside of ${last?.title}`} data-testid="inside">
      <nav className="breadcrumbs floating" aria-label="Where you are">
        <button type="button" className="link" onClick={() => setInside([])}>
          {name || "Pipeline"}
        </button>
        {crumbsOf(opened).map(({ title, index }) => (
          <span key={index} className="crumb">
            <Icon name="right" size={12} />
            {index === opened.length - 1 ? (
              <strong aria-current="page">{title}</strong>
            ) : (
              <button type="button" className="link" onClick={() => setInside(opened.slice(0, index + 1))}>
                {title}
              </button>
            )}
          </span>
        ))}
        <span className="tag">read only</span>
      </nav>
      {traced && "inside" in traced && last && (
        <ReactFlowProvider key={opened.length + (last?.title ?? "")}>
          <InsideGraph inside={traced.inside} request={last.request} />
        </ReactFlowProvider>
      )}
      {!traced && <p className="canvas-note">Tracing {last?.title}…</p>}
      {traced && "error" in traced && (
        <div className="canvas-note" role="alert">
          <p>{traced.error.message}</p>
          {traced.error.fix && <p className="muted">Fix: {traced.error.fix}</p>}
        </div>
      )}
    </section>
  );
}

function crumbsOf(opened: readonly Opened[]): { title: string; index: number }[] {
  return opened.map(({ title }, index) => ({ title, index }));
}

type Traced = { inside: InsideOf } | { error: ErrorReport };

function useTraced(opened: { request: unknown } | undefined): Traced | undefined {
  const [traced, setTraced] = useState<{ of: unknown; value: Traced }>();
  const request = opened?.request;
  useEffect(() => {
    if (request === undefined) return;
    let current = true;
    const take = (value: Traced) => {
      if (current) setTraced({ of: request, value });
    };
    sendJson<InsideOf>("POST", "/api/trace", request).then(
      (inside) => take({ inside }),
      (error: unknown) => take({ error: reportOf(error) }),
    );
    return () => {
      current = false;
    };
  }, [request]);
  return traced?.of === request ? traced?.value : undefined;
}

function InsideGraph({ inside, request }: { inside: InsideOf; request: TraceRequest }) {
  const library = useEditor((editor) => editor.library);
  const catalog = useEditor((editor) => editor.catalog);
  const opened = useEditor((editor) => editor.inside);
  const flow = useReactFlow();
  const drawing = drawInside(inside, request, library);
  const open = (call: InsideNode) => {
    if (!call.node) return;
    const title = `${catalog[call.node.type]?.title ?? call.node.type} (${call.id})`;
    setInside([...opened, { title, request: traceRequestOf(call, request.blocks) }]);
  };
  const fit = () => void flow.fitView({ padding: insidePadding, maxZoom: 1.1, duration: 200 });
  const isLong = drawing.nodes.length > 9;
  return (
    <ReactFlow
      nodes={drawing.nodes.map((node) => flowNode(node, node.opens ? () => open(node) : undefined))}
      edges={drawing.edges.map(flowEdge)}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      nodesDraggable={false}
      nodesConnectable={false}
      elementsSelectable
      deleteKeyCode={null}
      zoomOnDoubleClick={false}
      onNodeDoubleClick={(_event, node) => {
        const found = drawing.nodes.find(({ id }) => id === node.id);
        if (found?.opens) open(found);
      }}
      minZoom={0.1}
      maxZoom={2}
      onInit={(instance) => void showStart(instance as never, drawing.nodes)}
      proOptions={{ hideAttribution: true }}
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.3} />
      <CanvasTools onFit={fit} />
      {isLong && (
        <MiniMap
          position="bottom-left"
          pannable
          zoomable
          ariaLabel="Overview"
          className="minimap"
          style={{ width: 168, height: 64 }}
        />
      )}
    </ReactFlow>
  );
}

/** Shows all of it where it can be read so; else its beginning, large enough to read. */
async function showStart(flow: ReactFlowInstance, nodes: readonly InsideNode[]): Promise<void> {
  await flow.fitView({ padding: insidePadding, maxZoom: 1.1 });
  const zoom = 0.62;
  const box = document.querySelector(".inside")?.getBoundingClientRect();
  if (!box || flow.getZoom() >= zoom) return;
  const first = nodes.filter((node) => node.position[0] < box.width / zoom).map((node) => node.position[1]);
  const middle = (Math.min(...first) + Math.max(...first) + 100) / 2;
  await flow.setViewport({ x: 48, y: box.height / 2 - middle * zoom, zoom });
}

const insidePadding = { top: "72px", bottom: "40px", left: "40px", right: "40px" } as const;

function flowNode(node: InsideNode, open: (() => void) | undefined): CallNode | EndNode {
  const [x, y] = node.position;
  const size = node.kind === "call" ? { width: card.width, height: heightOf(node) } : terminal;
  const place = { id: node.id, position: { x, y }, ...size };
  return node.kind === "call"
    ? { ...place, type: "call", data: { node, open } }
    : { ...place, type: "end", data: { node } };
}

function heightOf({ inputs, outputs }: InsideNode): number {
  return cardHeight({ inputs: Object.keys(inputs), outputs: Object.keys(outputs) });
}

function flowEdge({ id, from, to, shape, route }: InsideEdge): WireFlowEdge {
  const data = { shape: shapeText(shape), route };
  return { id, type: "wire", source: from[0], sourceHandle: from[1], target: to[0], targetHandle: to[1], data };
}

function CallView({ data }: NodeProps<CallNode>) {
  const { node, open } = data;
  const catalog = useEditor((editor) => editor.catalog);
  const { type } = node.node!;
  const entry = catalog[type];
  const ports = (direction: "input" | "output"): CardPort[] =>
    Object.entries(direction === "input" ? node.inputs : node.outputs).map(([name, shape]) => {
      const spec = entry?.[direction === "input" ? "inputs" : "outputs"][name];
      return { name, direction, shape, hint: spec ? `${name}: ${spec.doc}` : name };
    });
  return (
    <BlockCard
      title={entry?.title ?? type}
      subtitle={node.id}
      tone={toneOf(node.count)}
      weights={node.count?.weights ?? 0}
      ports={[...ports("input"), ...ports("output")]}
      connectable={false}
      onOpen={open}
    />
  );
}

function EndView({ data }: NodeProps<EndNode>) {
  const { node } = data;
  const isInput = node.kind === "input";
  const port = node.port ?? "";
  return (
    <div className="terminal" data-kind={node.kind} style={terminal}>
      <Handle
        id={port}
        type={isInput ? "source" : "target"}
        position={isInput ? Position.Right : Position.Left}
        isConnectable={false}
      />
      <strong>{port}</strong>
      <span className="muted">{node.kind}</span>
    </div>
  );
}
