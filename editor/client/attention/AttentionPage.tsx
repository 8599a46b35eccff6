import { useEffect, useState } from "react";
import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";
import { type AttentionView, attentionScale, headCount, tokenAttention } from "../../../src/channels/tokenAttention.ts";
import { heatColor } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { ColorBar } from "../panels/ColorBar.tsx";
import { HeatCanvas, patchAt } from "../panels/HeatCanvas.tsx";
import { ImageThumbs } from "../panels/ImageThumbs.tsx";
import { StepSlider } from "../panels/StepSlider.tsx";
import { tokensOf, useAttention, useImageAndToken } from "../panels/useAttention.ts";
import { measureName, ResamplerSelect, ViewSelects } from "../panels/ViewSelects.tsx";
import { Notices } from "../parts/Notices.tsx";
import { StudioImage } from "../parts/StudioImage.tsx";
import { usePageTitle } from "../parts/usePageTitle.ts";
import { RunsBar } from "../runs/RunsBar.tsx";
import { tellError } from "../stores/notices.ts";
import { hashOf } from "../stores/route.ts";
import { pinnedImage, useRun } from "../stores/run.ts";
import { watchRun } from "../stores/studio.ts";
import "./attention.css";

/** Sides of the large map and of those of heads, in pixels. */
const large = 440;
const small = 64;

/** Attention on a page of its own: where each token looks, which tokens look at a patch, and every head of every layer. */
export default function AttentionPage({ run }: { run: string }) {
  const name = useRun(({ state }) => state.name);
  const { steps, step, chooseStep, frame, view, chooseView } = useAttention(run);
  usePageTitle("Attention");
  useEffect(() => void watchRun(run).catch(tellError), [run]);
  return (
    <div className="app">
      <RunsBar />
      <main className="attention-page">
        <div className="attention-tools">
          <h1>
            Attention of <a href={hashOf({ page: "pipeline", run })}>{name || run}</a>
          </h1>
          {frame && (
            <>
              <ViewSelects frame={frame} view={view} choose={chooseView} />
              <ResamplerSelect frame={frame} view={view} choose={chooseView} />
            </>
          )}
          <StepSlider steps={steps} chosen={step} choose={chooseStep} />
        </div>
        {frame ? (
          <Explorer run={run} frame={frame} view={view} choose={chooseView} />
        ) : (
          <p className="no-run">
            {steps.length > 0
              ? "Reading…"
              : "This run has recorded no attention: its pipeline needs a Caption samples node."}
          </p>
        )}
      </main>
      <Notices />
    </div>
  );
}

interface ExplorerProps {
  run: string;
  frame: AttentionFrame;
  view: AttentionView;
  choose: (view: AttentionView) => void;
}

function Explorer({ run, frame, view, choose }: ExplorerProps) {
  const { image, chooseImage, token: fixed, pin } = useImageAndToken(frame);
  const [hovered, hover] = useState<number | undefined>(undefined);
  const [patch, setPatch] = useState<number | undefined>(undefined);
  if (!image) return <p className="no-run">No images are pinned.</p>;
  const token = hovered !== undefined && hovered < image.tokens.length ? hovered : fixed;
  return (
    <div className="attention-explorer">
      <ImageThumbs run={run} frame={frame} chosen={image} choose={chooseImage} />
      <LargeMap run={run} frame={frame} image={image} view={view} token={token} patch={patch} setPatch={setPatch} />
      <div className="attention-words">
        <Tokens frame={frame} image={image} view={view} token={token} patch={patch} pin={pin} hover={hover} />
        <Heads run={run} frame={frame} image={image} view={view} token={token} choose={choose} />
      </div>
    </div>
  );
}

interface TokenProps {
  frame: AttentionFrame;
  image: AttentionImage;
  view: AttentionView;
  token: number;
}

/** The image under a token's attention, with the patches' grid and the scale. */
function LargeMap(
  props: TokenProps & { run: string; patch: number | undefined; setPatch: (patch: number | undefined) => void },
) {
  const { run, frame, image, view, token, patch, setPatch } = props;
  const { rows, columns } = frame.grid;
  const { end, even } = attentionScale(frame.layers, image, view);
  const shares = tokenAttention(frame.layers, image, view, token);
  const most = shares.indexOf(Math.max(...shares));
  const at = patch ?? most;
  const where = `row ${Math.floor(at / columns) + 1}, column ${(at % columns) + 1}`;
  const label = `“${image.tokens[token]}” attends to ${image.label}, most of all to ${where}`;
  return (
    <section className="attention-large" aria-label="Attention over the image">
      <div className="attention-stage">
        <div
          className="attention-canvas"
          onPointerMove={(event) => setPatch(patchAt(event, frame.grid))}
          onPointerLeave={() => setPatch(undefined)}
        >
          <HeatCanvas
            run={run}
            frame={frame}
            image={image}
            view={view}
            token={token}
            size={large}
            end={end}
            label={label}
          />
          <svg viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
            {Array.from({ length: columns - 1 }, (_, column) => column + 1).map((x) => (
              <line key={`x${x}`} x1={x} x2={x} y1={0} y2={rows} />
            ))}
            {Array.from({ length: rows - 1 }, (_, row) => row + 1).map((y) => (
              <line key={`y${y}`} y1={y} y2={y} x1={0} x2={columns} />
            ))}
            {patch !== undefined && <rect x={patch % columns} y={Math.floor(patch / columns)} width={1} height={1} />}
          </svg>
        </div>
        <ColorBar end={end} even={even} height={large} />
      </div>
      <p data-testid="attention-value">
        <span className="muted">
          “{image.tokens[token]}”, {measureName(view.gated)}, {patch === undefined ? `most at ${where}` : where}:
        </span>{" "}
        <strong>{formatNumber(shares[at])}</strong>
      </p>
      <StudioImage path={pinnedImage(run, image.image)} alt={image.label} />
      <p>{image.label}</p>
    </section>
  );
}

/** The caption's tokens. While a patch is pointed at, each shows how much it looks there. */
function Tokens(
  props: TokenProps & {
    patch: number | undefined;
    pin: (token: number) => void;
    hover: (token: number | undefined) => void;
  },
) {
  const { frame, image, view, token, patch, pin, hover } = props;
  const { end } = attentionScale(frame.layers, image, view);
  return (
    <section aria-label="Tokens">
      <h2>{patch === undefined ? "Where does a token look? Point at one" : "Which tokens look at this patch?"}</h2>
      <fieldset className="tokens" aria-label="Token" onPointerLeave={() => hover(undefined)}>
        {tokensOf(image).map(({ text, index }) => {
          const shares = tokenAttention(frame.layers, image, view, index);
          const share = patch === undefined ? Math.max(...shares) : (shares[patch] ?? 0);
          const color = `rgb(${heatColor(share / end).join(",")})`;
          return (
            <button
              key={index}
              type="button"
              className="token"
              aria-pressed={index === token}
              data-share={share}
              onPointerEnter={() => hover(index)}
              onFocus={() => hover(index)}
              onBlur={() => hover(undefined)}
              onClick={() => pin(index)}
            >
              <i style={{ background: color }} />
              <span>{text}</span>
              <output>{formatNumber(share)}</output>
            </button>
          );
        })}
      </fieldset>
    </section>
  );
}

/** The token's map in every head of every layer, and their means. */
function Heads(props: TokenProps & { run: string; choose: (view: AttentionView) => void }) {
  const { run, frame, image, view, token, choose } = props;
  const heads: (number | "mean")[] = [...Array.from({ length: headCount(frame) }, (_, head) => head), "mean"];
  return (
    <section aria-label="Heads">
      <h2>“{image.tokens[token]}” in every head</h2>
      <table className="attention-heads">
        <thead>
          <tr>
            <th />
            {heads.map((head) => (
              <th key={head}>{head === "mean" ? "mean" : `head ${head + 1}`}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {frame.layers.map((layer, at) => (
            <tr key={[layer.node, ...layer.path].join(".")}>
              <th>
                layer {at + 1}
                {layer.gate !== undefined && <small>tanh {formatNumber(layer.gate)}</small>}
              </th>
              {heads.map((head) => {
                const own: AttentionView = { ...view, layer: at, head };
                return (
                  <td key={head}>
                    <button
                      type="button"
                      className="thumb"
                      aria-pressed={view.layer === at && view.head === head}
                      aria-label={`layer ${at + 1}, ${head === "mean" ? "mean over heads" : `head ${head + 1}`}`}
                      onClick={() => choose(own)}
                    >
                      <HeatCanvas
                        run={run}
                        frame={frame}
                        image={image}
                        view={own}
                        token={token}
                        size={small}
                        end={attentionScale(frame.layers, image, own).end}
                        label=""
                      />
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted">Each map has a scale of its own. Choose one to see it large.</p>
    </section>
  );
}
