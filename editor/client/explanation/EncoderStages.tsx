import { wholeView } from "../../../src/channels/tokenAttention.ts";
import { formatCount, formatNumber } from "../../../src/figures/numbers.ts";
import { HeatCanvas } from "../panels/HeatCanvas.tsx";
import { StudioImage } from "../parts/StudioImage.tsx";
import { pinnedImage } from "../stores/run.ts";
import { Formula } from "./Formula.tsx";
import { Stage, type StageProps } from "./Stage.tsx";
import { patchNorms, rowsOverPatches } from "./seenPatches.ts";

/** Sides in pixels. */
const [large, small] = [176, 76];

export function PixelsStage({ run, answer }: StageProps) {
  const { image, label } = answer.frame.images[0]!;
  const [frames, side] = answer.pixels as [number, number];
  return (
    <Stage
      number={1}
      title="Pixels"
      paper="2.1"
      words={
        <>
          <p>
            {frames > 1 ? `${frames} frames of ` : "An image is "}
            {side} × {side} pixels of three colours: {formatCount(frames * side * side * 3)} numbers from −1 to 1.
          </p>
          <Formula
            tex={`x \\in [-1, 1]^{${frames > 1 ? `${frames} \\times ` : ""}${side} \\times ${side} \\times 3}`}
            label={`x has ${frames} by ${side} by ${side} by 3 numbers`}
          />
        </>
      }
    >
      {Array.from({ length: frames }, (_, frame) => (
        <StudioImage
          // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its place
          key={frame}
          className="stage-image"
          path={pinnedImage(run, image, frame)}
          alt={frames > 1 ? `frame ${frame + 1}` : label}
          style={{ width: frames > 1 ? small : large }}
        />
      ))}
    </Stage>
  );
}

export function FeaturesStage({ run, answer }: StageProps) {
  const { frame, features } = answer;
  const own = { ...frame, step: answer.step };
  const image = frame.images[0]!;
  const [frames, count, width] = features.shape as [number, number, number];
  const norms = patchNorms(features.norms, frame.grid, frames);
  const [least, most] = [Math.min(...norms), Math.max(...norms)];
  const shown = rowsOverPatches(own, image, [norms.map((norm) => (norm - least) / frames)]);
  const { rows, columns } = frame.grid;
  const rest = count - rows * columns;
  return (
    <Stage
      number={2}
      title="Features"
      paper="2.1, the frozen vision encoder"
      words={
        <>
          <p>
            The vision encoder makes a feature of each of {rows} × {columns} patches
            {rest > 0 && ", and one of the whole image"}: {width} numbers each. Brighter patches have longer features,
            here of length {formatNumber(least)} to {formatNumber(most)}.
          </p>
          <Formula
            tex={`X_f = f(x) \\in \\mathbb{R}^{${frames * count} \\times ${width}}`}
            label={`the features are ${frames * count} by ${width}`}
          />
        </>
      }
    >
      <HeatCanvas
        run={run}
        {...shown}
        view={wholeView}
        token={0}
        size={large}
        end={most - least}
        label="The length of each patch's feature"
      />
    </Stage>
  );
}

export function LatentsStage({ run, answer }: StageProps) {
  const { frame, media, features } = answer;
  const image = frame.images[0]!;
  const shown = rowsOverPatches({ ...frame, step: answer.step }, image, image.resampler);
  const [count, width] = media as [number, number];
  const read = features.norms.length;
  return (
    <Stage
      number={3}
      title="Visual tokens"
      paper="2.1, the Perceiver Resampler"
      words={
        <>
          <p>
            {count} learnt latents read the {formatCount(read)} features and come out as {count} visual tokens of{" "}
            {width} numbers: as many for a video as for an image. Each map shows which patches a token was made of.
          </p>
          <Formula
            tex={`z \\leftarrow z + \\mathrm{attention}(q = z,\\; k = v = [X_f, z]), \\qquad z \\in \\mathbb{R}^{${count} \\times ${width}}`}
            label={`the ${count} latents attend to the features and to themselves`}
          />
        </>
      }
    >
      {image.resampler.map((row, latent) => (
        <figure
          // biome-ignore lint/suspicious/noArrayIndexKey: a latent is its place
          key={latent}
        >
          <HeatCanvas
            run={run}
            {...shown}
            view={wholeView}
            token={latent}
            size={small}
            end={Math.max(...row) * (image.frames ?? 1)}
            label={`Patches of visual token ${latent + 1}`}
          />
          <figcaption>{latent + 1}</figcaption>
        </figure>
      ))}
    </Stage>
  );
}
