import { useCallback, useRef, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import type { Card } from "../../../src/channels/channel.ts";
import { printSeconds } from "../../../src/core/duration.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import { sparkSvg } from "../../../src/figures/svg/figure.ts";
import { nodeCards } from "../../../src/runs/channelFigure.ts";
import { shownState } from "../../../src/runs/progress.ts";
import { secondsLeft } from "../../../src/runs/state.ts";
import { useRedraw } from "../figures/useRedraw.ts";
import type { Figure } from "../graph/figure.ts";
import { nodeRun, useNodeRun, useOwnRun } from "../stores/ownRun.ts";
import { pinnedImage, useRun } from "../stores/run.ts";
import { useTheme } from "../stores/theme.ts";
import { useTextScale } from "../stores/viewport.ts";
import { StudioImage } from "./StudioImage.tsx";

/** What a node shows while a run goes on: what it has room for, and what channels have to show on it. */
export function LiveFigure(props: { node: string; category: string | undefined; figure: Figure | undefined }) {
  const { node, category, figure } = props;
  return (
    <>
      {figure === "images" && <ImagesFigure node={node} />}
      {figure === "progress" && <ProgressFigure node={node} />}
      {category !== undefined && <ChannelCards node={node} category={category} />}
    </>
  );
}

/** Calls back when the run goes on, and when it becomes known whose it is. */
function followRun(changed: () => void): () => void {
  const leave = [useRun.subscribe(changed), useOwnRun.subscribe(changed)];
  return () => {
    for (const each of leave) each();
  };
}

/** Text that is larger than this leaves room for the main words alone. */
const roomy = 1.15;

/** Size of a small figure, in CSS pixels. */
const size = { width: 200, height: 28 } as const;

/** The small figures of all channels that have one for this node. */
function ChannelCards({ node, category }: { node: string; category: string }) {
  const mark = useRef<HTMLSpanElement>(null);
  const [cards, setCards] = useState<readonly Card[]>([]);
  const draw = useCallback(() => {
    const next = nodeCards(nodeRun(node), { id: node, category });
    setCards((before) => (before.length === 0 && next.length === 0 ? before : next));
  }, [node, category]);
  useRedraw(mark, draw, followRun);
  return (
    <>
      <span ref={mark} className="card-mark" />
      {cards.map((card) => (
        <CardFigure key={card.caption} card={card} />
      ))}
    </>
  );
}

function CardFigure({ card: { caption, value, panel, hint } }: { card: Card }) {
  const theme = useTheme();
  const isLarge = useTextScale(({ scale }) => scale > roomy);
  const [name = caption] = caption.split(/[ ,]/);
  const svg = sparkSvg(panel, size.width, size.height, theme);
  return (
    <div className="card-figure" data-testid={`node-${name}`} title={hint}>
      <Caption left={isLarge ? name : caption} right={value} />
      <div
        className="card-spark"
        role="img"
        aria-label={`${caption}, ${value}`}
        // biome-ignore lint/security/noDangerouslySetInnerHtml: our own renderer, which escapes all text
        dangerouslySetInnerHTML={{ __html: svg }}
      />
    </div>
  );
}

const shownImages = 6;

function ImagesFigure({ node }: { node: string }) {
  const run = useRun((state) => state.id);
  const samples = useNodeRun(
    node,
    useShallow((state) => state.channels.samples.at(-1)?.samples.slice(0, shownImages) ?? []),
  );
  return (
    <div className="card-figure card-images" data-testid="node-images">
      {run !== undefined && samples.length > 0
        ? samples.map(({ image, label }) => (
            <StudioImage key={image} path={pinnedImage(run, image)} alt={label} title={label} draggable={false} />
          ))
        : Array.from({ length: shownImages }, (_value, index) => <span key={String(index)} className="no-image" />)}
    </div>
  );
}

function ProgressFigure({ node }: { node: string }) {
  const progress = useNodeRun(node, (run) => run.nodes[node]);
  const now = useNodeRun(node, (run) => run.updated ?? 0);
  const state = useNodeRun(node, (run) => shownState(run.status, run.nodes[node]));
  const isLarge = useTextScale(({ scale }) => scale > roomy);
  const left = progress && state === "running" ? secondsLeft(progress, now) : undefined;
  const { step, total } = progress ?? {};
  const counted = step !== undefined && total ? `${formatCount(step)} of ${formatCount(total)}` : "";
  const share = state === "succeeded" ? 1 : step !== undefined && total ? step / total : 0;
  return (
    <div className="card-figure" data-testid="node-progress" data-state={state}>
      <Caption
        left={counted || stateTexts[state]}
        right={left === undefined ? "" : `${printSeconds(left)}${isLarge ? "" : " left"}`}
      />
      <div className="bar" role="progressbar" aria-valuenow={Math.round(share * 100)} aria-label="progress">
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}

const stateTexts = {
  idle: "not run yet",
  queued: "waiting",
  running: "running",
  succeeded: "done",
  failed: "failed",
  stopped: "stopped",
} as const;

function Caption({ left, right }: { left: string; right: string }) {
  return (
    <div className="card-caption">
      <span>{left}</span>
      <span>{right}</span>
    </div>
  );
}
