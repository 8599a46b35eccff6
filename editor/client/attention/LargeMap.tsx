import { attentionScale, tokenAttention } from "../../../src/channels/tokenAttention.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { ColorBar } from "../panels/ColorBar.tsx";
import { HeatCanvas, type MapProps, patchAt } from "../panels/HeatCanvas.tsx";
import { measureName } from "../panels/ViewSelects.tsx";
import { StudioImage } from "../parts/StudioImage.tsx";
import { pinnedImage } from "../stores/run.ts";

interface LargeMapProps extends MapProps {
  /** Side in pixels. */
  size: number;
  smooth: boolean;
  /** Where the colour scale ends; at the largest attention of any token without it. */
  end: number | undefined;
  /** The patch that is pointed at. */
  patch: number | undefined;
  setPatch: (patch: number | undefined) => void;
}

/** The image under a token's attention, with the patches' grid and the scale; the image itself below. */
export function LargeMap(props: LargeMapProps) {
  const { run, frame, image, view, token, patch, setPatch, size, smooth } = props;
  const { rows, columns } = frame.grid;
  const { end: largest, even } = attentionScale(frame.layers, image, view);
  const end = props.end ?? largest;
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
          <HeatCanvas {...{ run, frame, image, view, token, size, end, label, smooth }} />
          <svg viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
            {!smooth &&
              Array.from({ length: columns - 1 }, (_, column) => column + 1).map((x) => (
                <line key={`x${x}`} x1={x} x2={x} y1={0} y2={rows} />
              ))}
            {!smooth &&
              Array.from({ length: rows - 1 }, (_, row) => row + 1).map((y) => (
                <line key={`y${y}`} y1={y} y2={y} x1={0} x2={columns} />
              ))}
            {patch !== undefined && <rect x={patch % columns} y={Math.floor(patch / columns)} width={1} height={1} />}
          </svg>
        </div>
        <ColorBar end={end} even={even} height={size} />
      </div>
      <div className="attention-below">
        <StudioImage
          path={pinnedImage(run, image.image, view.time === "all" ? 0 : view.time)}
          alt={image.label}
          title="The image itself"
        />
        <div>
          <p data-testid="attention-value">
            <span className="muted">
              “{image.tokens[token]}”, {measureName(view.gated)}, {patch === undefined ? `most at ${where}` : where}:
            </span>{" "}
            <strong>{formatNumber(shares[at])}</strong>
          </p>
          <p>{image.label}</p>
        </div>
      </div>
    </section>
  );
}
