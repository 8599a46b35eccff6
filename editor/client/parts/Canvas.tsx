import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type Connection,
  ConnectionLineType,
  type EdgeChange,
  MiniMap,
  type NodeChange,
  ReactFlow,
  useNodesInitialized,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Box } from "../../../src/graph/edit/box.ts";
import { moveNodes, type Position } from "../../../src/graph/edit/drawnGraph.ts";
import type { EditedGraph } from "../../../src/graph/edit/place.ts";
import type { GraphEdge } from "../../../src/graph/graph.ts";
import { edgeIds } from "../graph/edges.ts";
import { type DrawnNode, flowEdges, flowNodes, movedWithFrames, routedEdges, withFrames } from "../graph/flowNodes.ts";
import { openRunPipeline } from "../stores/document.ts";
import { commit, openDialog, select, useEditor } from "../stores/editor.ts";
import { openNode } from "../stores/inside.ts";
import { tellError } from "../stores/notices.ts";
import { useOwnRun } from "../stores/ownRun.ts";
import { fitAll, followSize, keepInSight, setViewport, useTextScale, viewMoved } from "../stores/viewport.ts";
import { startWire } from "../stores/wiring.ts";
import { draggedBlock, dropBlock } from "./addBlock.ts";
import { BlockNode } from "./BlockNode.tsx";
import { Breadcrumbs } from "./Breadcrumbs.tsx";
import { CanvasTools } from "./CanvasTools.tsx";
import { FrameNode } from "./FrameNode.tsx";
import { NoteNode } from "./NoteNode.tsx";
import { QuickAdd } from "./QuickAdd.tsx";
import { TerminalNode } from "./TerminalNode.tsx";
import { Wire } from "./Wire.tsx";
import { WiringReason } from "./WiringReason.tsx";
import { finishWire, isAllowed, looseEnd, takeWire } from "./wireEvents.ts";

const nodeTypes = { block: BlockNode, terminal: TerminalNode, note: NoteNode, frame: FrameNode };
const edgeTypes = { wire: Wire };

/** The pipeline, or the inside of a block, as a graph that can be edited. What is drawn follows from the pipeline; only drags are the canvas's own. */
export function Canvas() {
  const { nodes, onNodesChange } = useFlowNodes();
  const edges = useFlowEdges(nodes);
  const flow = useReactFlow();
  const title = useEditor(({ opened }) => opened.at(-1)?.title);
  const isTraced = useEditor(({ opened }) => opened.length > 0 && opened.at(-1)!.own === undefined);
  const isLong = nodes.length > 14;
  const isEmpty = nodes.length === 0 && title === undefined;
  useEffect(() => {
    setViewport(flow as never);
    return () => setViewport(undefined);
  }, [flow]);
  useFirstFit(nodes);
  useInSight();
  useDoubleClick();
  return (
    <section
      className={title === undefined ? "canvas" : "canvas inside"}
      aria-label={title === undefined ? "Pipeline" : `Inside of ${title}`}
      data-testid={title === undefined ? "canvas" : "inside"}
      ref={followSize}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={onNodesChange}
        onMoveStart={(event) => event && viewMoved()}
        onEdgesChange={takeWireSelection}
        onSelectionEnd={dropWiresOutside}
        onMouseDownCapture={keepPageText}
        onPaneClick={() => select([])}
        isValidConnection={(wire) => isAllowed(wire as Connection)}
        onConnectStart={(_event, from) => startWire(looseEnd(from))}
        onConnect={takeWire}
        onConnectEnd={finishWire}
        onDragOver={(event) => {
          event.preventDefault();
          event.dataTransfer.dropEffect = "copy";
        }}
        onDrop={(event) => {
          const type = draggedBlock(event.dataTransfer);
          if (type) dropBlock(type, event);
        }}
        deleteKeyCode={null}
        multiSelectionKeyCode={["Shift", "Meta", "Control"]}
        selectionKeyCode="Shift"
        connectionRadius={26}
        connectionLineType={ConnectionLineType.Bezier}
        minZoom={0.15}
        maxZoom={2}
        nodesDraggable={!isTraced}
        nodeDragThreshold={3}
        proOptions={{ hideAttribution: true }}
        zoomOnDoubleClick={false}
        elevateNodesOnSelect
      >
        <Background variant={BackgroundVariant.Dots} gap={22} size={1.3} />
        <CanvasTools />
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
      <WiringReason />
      <QuickAdd />
      {isEmpty && <EmptyCanvas />}
      {title === undefined ? <OthersRun /> : <Breadcrumbs />}
    </section>
  );
}

function useFlowNodes() {
  const graph = useEditor((editor) => editor.graph);
  const selected = useEditor((editor) => editor.selection.nodes);
  const [nodes, setNodes] = useState<DrawnNode[]>(() => flowNodes([], graph, selected));
  const drawn = useRef(nodes);
  drawn.current = nodes;
  useEffect(() => setNodes((before) => flowNodes(before, graph, selected)), [graph, selected]);
  const onNodesChange = (all: NodeChange<DrawnNode>[]) => {
    const changes = movedWithFrames(all, drawn.current, graph);
    const own = changes.filter((change) => change.type === "position" || change.type === "dimensions");
    if (own.length > 0) setNodes((before) => framed(applyNodeChanges(own, before), graph));
    takeSelection(changes);
    takeMoves(changes, drawn.current);
  };
  return { nodes, onNodesChange };
}

/** Frames follow what they are drawn around while it is dragged. */
function framed(nodes: DrawnNode[], graph: EditedGraph): DrawnNode[] {
  if (!graph.view.groups) return nodes;
  const before = new Map(nodes.map((node) => [node.id, node]));
  return withFrames(nodes, graph, before, (id) => before.get(id)?.selected ?? false);
}

function takeSelection(changes: NodeChange<DrawnNode>[]): void {
  const picks = changes.filter((change) => change.type === "select");
  if (picks.length === 0) return;
  const { nodes, edges } = useEditor.getState().selection;
  select(picked(nodes, picks), edges);
}

function takeWireSelection(changes: EdgeChange[]): void {
  const picks = changes.filter((change) => change.type === "select");
  if (picks.length === 0) return;
  const { nodes, edges } = useEditor.getState().selection;
  select(nodes, picked(edges, picks));
}

/** A box takes the wires between its nodes, not those that lead out of it. */
function dropWiresOutside(): void {
  const { selection, graph } = useEditor.getState();
  const ids = edgeIds(graph.edges);
  const isInside = ({ from, to }: GraphEdge) => [from[0], to[0]].every((id) => selection.nodes.includes(id));
  const inside = graph.edges.flatMap((edge, index) => (isInside(edge) ? [ids[index]!] : []));
  select(selection.nodes, inside);
}

function picked(before: readonly string[], picks: readonly { id: string; selected: boolean }[]): string[] {
  const chosen = new Set(before);
  for (const { id, selected } of picks) {
    if (selected) chosen.add(id);
    else chosen.delete(id);
  }
  return [...chosen];
}

/** A press with Shift begins a box, or takes a node to those selected; the browser would select the page's text to there. */
function keepPageText(event: MouseEvent<HTMLElement>): void {
  if (!event.shiftKey || (event.target as HTMLElement).closest("input, textarea, select")) return;
  event.preventDefault();
  window.getSelection()?.removeAllRanges();
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** A drag that ended, or a step by an arrow key, becomes a change of the graph. */
function takeMoves(changes: NodeChange<DrawnNode>[], drawn: readonly DrawnNode[]): void {
  const moved: Record<string, Position> = {};
  for (const change of changes) {
    if (change.type !== "position" || change.dragging) continue;
    const place = change.position ?? drawn.find((node) => node.id === change.id)?.position;
    if (place) moved[change.id] = [Math.round(place.x), Math.round(place.y)];
  }
  const { graph } = useEditor.getState();
  const really = Object.entries(moved).filter(([id, [x, y]]) => {
    const before = graph.view.positions[id];
    return before?.[0] !== x || before[1] !== y;
  });
  if (really.length > 0)
    commit("Move", moveNodes(graph, Object.fromEntries(really)), { key: `move ${Object.keys(moved)}` });
}

/** Wires are routed anew when nodes have come to rest, not while they are dragged. */
function useFlowEdges(drawn: readonly DrawnNode[]) {
  const graph = useEditor((editor) => editor.graph);
  const solution = useEditor((editor) => editor.solution);
  const problems = useEditor((editor) => editor.shownProblems);
  const selected = useEditor((editor) => editor.selection.edges);
  const { nodes, edges } = graph;
  // biome-ignore lint/correctness/useExhaustiveDependencies: where nodes stand does not change a wire's data
  const wires = useMemo(
    () => flowEdges(graph, solution, problems, selected),
    [nodes, edges, solution, problems, selected],
  );
  const catalog = useEditor((editor) => editor.catalog);
  const textScale = useTextScale((state) => state.scale);
  const sizes = drawn
    .filter(isCard)
    .map(({ id, measured }) => `${id} ${measured?.width} ${measured?.height}`)
    .join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn matters by its sizes, and by where it rests
  return useMemo(() => {
    const cards = new Map<string, Box>();
    for (const { id, measured } of drawn.filter(isCard)) {
      const place = graph.view.positions[id];
      if (!place) continue;
      const [x, y] = place;
      if (measured?.width && measured.height) cards.set(id, { x, y, width: measured.width, height: measured.height });
    }
    return routedEdges(wires, graph, catalog, cards, textScale);
  }, [wires, graph.view.positions, catalog, sizes, textScale]);
}

/** Whether wires go around it. */
function isCard({ type }: DrawnNode): boolean {
  return type === "block" || type === "terminal";
}

/** Shows the whole pipeline once its nodes have been measured, each time another one is opened. */
function useFirstFit(drawn: readonly DrawnNode[]): void {
  const opening = useEditor((editor) => editor.opening);
  const positions = useEditor((editor) => editor.graph.view.positions);
  const isDrawn = drawn.every(
    ({ id, type, measured }) => (type === "frame" || id in positions) && measured !== undefined,
  );
  const measured = useNodesInitialized() && isDrawn;
  const shown = useRef(0);
  useEffect(() => {
    if (!measured || shown.current === opening) return;
    shown.current = opening;
    fitAll({ atOnce: true, readable: true });
  }, [measured, opening]);
}

/** A node that is selected stays beside the inspector, which opens with it. */
function useInSight(): void {
  const chosen = useEditor(({ selection }) => (selection.nodes.length === 1 ? selection.nodes[0] : undefined));
  // While a box is drawn, what is under it may not move.
  const isBoxing = useStore((store) => store.userSelectionActive);
  useEffect(() => {
    if (chosen !== undefined && !isBoxing) keepInSight(chosen);
  }, [chosen, isBoxing]);
}

/** Said where the run that is shown ran another pipeline: nothing of it is on this canvas. */
function OthersRun() {
  const run = useOwnRun((state) => (state.ran && !state.own ? state.run : undefined));
  const name = useOwnRun((state) => state.ran?.name);
  if (run === undefined) return null;
  return (
    <p className="others-run floating" role="status" data-testid="others-run">
      <span>
        The run shown below is of another pipeline, <strong>{name}</strong>.
      </span>
      <button type="button" className="link" onClick={() => void openRunPipeline(run).catch(tellError)}>
        Open it
      </button>
    </p>
  );
}

/**
 * A double click opens the node that was clicked first: by the second click it may have moved aside, or lie under the inspector that the
 * first one opened.
 */
function useDoubleClick(): void {
  useEffect(() => {
    let first: string | undefined;
    const take = (event: globalThis.MouseEvent) => {
      const target = event.target as Element;
      if (event.detail === 2 && first !== undefined) openNode(first);
      const isPlain = !target.closest("button, .react-flow__handle");
      first = isPlain ? target.closest<HTMLElement>(".react-flow__node")?.dataset.id : undefined;
    };
    document.addEventListener("click", take);
    return () => document.removeEventListener("click", take);
  }, []);
}

function EmptyCanvas() {
  return (
    <div className="empty-canvas" data-testid="empty-canvas">
      <p className="empty-title">Nothing here yet</p>
      <p>Drag a block from the palette, or begin with a template.</p>
      <button type="button" className="button" onClick={() => openDialog("open")}>
        Open a template
      </button>
    </div>
  );
}
