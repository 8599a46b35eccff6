import { type ReactNode, useEffect, useState } from "react";
import type { AttentionFrame } from "../../../src/channels/attention.ts";
import { type AttentionView, attentionScale } from "../../../src/channels/tokenAttention.ts";
import { ImageThumbs } from "../panels/ImageThumbs.tsx";
import { StepSlider } from "../panels/StepSlider.tsx";
import { useAttention, useImageAndToken, useShownFrames } from "../panels/useAttention.ts";
import { ResamplerSelect, ViewSelects } from "../panels/ViewSelects.tsx";
import { Notices } from "../parts/Notices.tsx";
import { usePageTitle } from "../parts/usePageTitle.ts";
import { RunsBar } from "../runs/RunsBar.tsx";
import { tellError } from "../stores/notices.ts";
import { go, hashOf } from "../stores/route.ts";
import { useRun } from "../stores/run.ts";
import { useStudio, watchRun } from "../stores/studio.ts";
import { DocumentTable } from "./DocumentTable.tsx";
import { HeadGrid } from "./HeadGrid.tsx";
import { LargeMap } from "./LargeMap.tsx";
import { TokenList } from "./TokenList.tsx";
import { useOtherFrames } from "./useFrames.ts";
import { VideoFrames } from "./VideoFrames.tsx";
import "./attention.css";

/**
 * Attention on a page of its own: where each token looks, which tokens look at a patch, every head of every layer, and the media mask.
 * Another step, or another run, stands beside it where a person wants that.
 */
export default function AttentionPage({ run, other }: { run: string; other: string | undefined }) {
  const first = useAttention(run, useShownFrames(run));
  const second = useAttention(other, useOtherFrames(run, other));
  const [smooth, setSmooth] = useState(false);
  const { frame, view, chooseView } = first;
  usePageTitle("Attention");
  useEffect(() => void watchRun(run).catch(tellError), [run]);
  const sides = [
    { run, frame, slider: <Slider {...first} /> },
    ...(other === undefined ? [] : [{ run: other, frame: second.frame, slider: <Slider {...second} /> }]),
  ];
  return (
    <div className="app">
      <RunsBar />
      <main className="attention-page">
        <div className="attention-tools">
          <h1>
            Attention of <RunLink run={run} />
          </h1>
          {frame && (
            <>
              <ViewSelects frame={frame} view={view} choose={chooseView} />
              <ResamplerSelect frame={frame} view={view} choose={chooseView} />
            </>
          )}
          <label className="check" title="Colours run into each other from patch to patch">
            <input type="checkbox" checked={smooth} onChange={(event) => setSmooth(event.target.checked)} />
            smooth
          </label>
          <CompareSelect run={run} other={other} />
          <a className="plain-link" href={hashOf({ page: "explanation", run })}>
            Step by step
          </a>
          {other === undefined && sides[0]!.slider}
        </div>
        {frame ? (
          <Explorer sides={sides} frame={frame} view={view} choose={chooseView} smooth={smooth} />
        ) : (
          <p className="no-run">
            {first.steps.length > 0
              ? "Reading…"
              : "This run has recorded no attention: its pipeline needs a Caption samples node."}
          </p>
        )}
      </main>
      <Notices />
    </div>
  );
}

function Slider({ steps, step, chooseStep }: ReturnType<typeof useAttention>) {
  return <StepSlider steps={steps} chosen={step} choose={chooseStep} />;
}

function RunLink({ run }: { run: string }) {
  const own = useRun(({ id, state }) => (id === run ? state.name : ""));
  const listed = useStudio(({ runs }) => runs.find(({ id }) => id === run)?.name);
  return <a href={hashOf({ page: "pipeline", run })}>{listed ?? (own || run)}</a>;
}

/** What stands beside the run: nothing, another of its steps, or another run. */
function CompareSelect({ run, other }: { run: string; other: string | undefined }) {
  const runs = useStudio((studio) => studio.runs);
  const others = runs.filter(({ id, status }) => id !== run && status !== "queued");
  return (
    <label className="layer-select attention-compare">
      <span>beside</span>
      <select
        aria-label="Beside it"
        value={other ?? ""}
        onChange={({ target }) =>
          go({ page: "attention", run, ...(target.value === "" ? {} : { other: target.value }) }, { replace: true })
        }
      >
        <option value="">nothing</option>
        <option value={run}>another step</option>
        {others.map(({ id, name, seed }) => (
          <option key={id} value={id}>
            {name}, seed {seed}
          </option>
        ))}
      </select>
    </label>
  );
}

interface Side {
  run: string;
  frame: AttentionFrame | undefined;
  slider: ReactNode;
}

interface ExplorerProps {
  sides: readonly Side[];
  /** Of the first side. */
  frame: AttentionFrame;
  view: AttentionView;
  choose: (view: AttentionView) => void;
  smooth: boolean;
}

/** Sides of the large map alone and beside another, in pixels. */
const [alone, beside] = [440, 400];

function Explorer({ sides, frame, view: chosen, choose, smooth }: ExplorerProps) {
  const { image, chooseImage, token: fixed, pin } = useImageAndToken(frame);
  const [hovered, hover] = useState<number | undefined>(undefined);
  const [patch, setPatch] = useState<number | undefined>(undefined);
  if (!image) return <p className="no-run">No images are pinned: a Caption samples node in the pipeline pins some.</p>;
  // A frame that was chosen of a video is none of an image.
  const isFrame = typeof chosen.time === "number" && chosen.time < (image.frames ?? 1);
  const view: AttentionView = isFrame ? chosen : { ...chosen, time: "all" };
  // Beside each other, maps have one scale.
  const ends = sides.flatMap((side) => {
    const own = side.frame?.images.find((each) => each.image === image.image);
    return side.frame && own ? [attentionScale(side.frame.layers, own, view).end] : [];
  });
  const pointing = { patch, setPatch, pin, hover, smooth, end: sides.length > 1 ? Math.max(...ends) : undefined };
  const { run } = sides[0]!;
  const token = hovered !== undefined && hovered < image.tokens.length ? hovered : fixed;
  const shown = { run, frame, image, view, token };
  return (
    <div className="attention-explorer" data-sides={sides.length}>
      <ImageThumbs run={run} frame={frame} chosen={image} choose={chooseImage} />
      {sides.length === 1 ? (
        <>
          <div>
            <LargeMap {...shown} {...pointing} size={alone} />
            <VideoFrames {...shown} choose={choose} />
          </div>
          <div className="attention-words">
            <TokenList {...shown} {...pointing} />
            <HeadGrid {...shown} choose={choose} />
          </div>
        </>
      ) : (
        sides.map((side, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: left and right; both may be of one run
          <section key={at} className="attention-side-by-side" aria-label={at === 0 ? "Left" : "Right"}>
            <h2>
              <RunLink run={side.run} />
            </h2>
            {side.slider}
            <SideMap {...{ side, view, token, pointing }} image={image.image} />
          </section>
        ))
      )}
      {sides.length === 1 && frame.document && (
        <DocumentTable run={run} frame={frame} document={frame.document} view={view} />
      )}
    </div>
  );
}

type Pointing = Pick<Parameters<typeof LargeMap>[0], "patch" | "setPatch" | "smooth" | "end"> &
  Pick<Parameters<typeof TokenList>[0], "pin" | "hover">;

/** One side of a comparison: the same image and the token at the same place, as this side's caption has it. */
function SideMap(props: { side: Side; image: number; view: AttentionView; token: number; pointing: Pointing }) {
  const { side, image: number, view, token, pointing } = props;
  const { run, frame } = side;
  if (!frame)
    return <p className="no-run">This run has recorded no attention yet: its pipeline needs a Caption samples node.</p>;
  const image = frame.images.find((each) => each.image === number) ?? frame.images[0];
  if (!image) return <p className="no-run">No images are pinned: a Caption samples node in the pipeline pins some.</p>;
  const shown = { run, frame, image, view, token: Math.min(token, image.tokens.length - 1) };
  return (
    <>
      <TokenList {...shown} {...pointing} />
      <LargeMap {...shown} {...pointing} size={beside} />
    </>
  );
}
