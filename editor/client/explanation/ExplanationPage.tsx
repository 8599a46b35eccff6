import { useEffect, useMemo, useState } from "react";
import { isRight, type Sample } from "../../../src/channels/samples.ts";
import { firstContentToken } from "../../../src/channels/tokenAttention.ts";
import { formatCount } from "../../../src/figures/numbers.ts";
import type { ExplanationAnswer } from "../../shared/protocol.ts";
import { Notices } from "../parts/Notices.tsx";
import { StudioImage } from "../parts/StudioImage.tsx";
import { usePageTitle } from "../parts/usePageTitle.ts";
import { RunsBar } from "../runs/RunsBar.tsx";
import { tellError } from "../stores/notices.ts";
import { hashOf } from "../stores/route.ts";
import { pinnedImage, useRun } from "../stores/run.ts";
import { watchRun } from "../stores/studio.ts";
import { CrossAttentionStage } from "./CrossAttentionStage.tsx";
import { FeaturesStage, LatentsStage, PixelsStage } from "./EncoderStages.tsx";
import { GateStage } from "./GateStage.tsx";
import { NextTokenStage } from "./NextTokenStage.tsx";
import type { StageProps } from "./Stage.tsx";
import { useExplanation } from "./useExplanation.ts";
import "./explanation.css";

const none: readonly Sample[] = [];
const asTrained: Readonly<Record<string, number>> = {};

/** Follows one image through a run's model as data does, from pixels to the next token, with the live values of each stage. */
export default function ExplanationPage({ run }: { run: string }) {
  usePageTitle("Step by step");
  useEffect(() => void watchRun(run).catch(tellError), [run]);
  const isShown = useRun(({ id }) => id === run);
  const name = useRun(({ id, state }) => (id === run ? state.name : ""));
  const samples = useRun(({ id, state }) => (id === run ? state.channels.samples.at(-1)?.samples : undefined)) ?? none;
  const hasCheckpoint = useRun(({ id, state }) => id === run && state.checkpoints.length > 0);
  const [chosen, choose] = useState(0);
  const [gates, setGates] = useState(asTrained);
  const [token, setToken] = useState<number>();
  const [layer, setLayer] = useState<number>();
  const { image, label } = samples.find((sample) => sample.image === chosen) ?? samples[0] ?? {};
  const followed = useMemo(
    () => (hasCheckpoint && image !== undefined && label !== undefined ? { image, label, gates } : undefined),
    [hasCheckpoint, image, label, gates],
  );
  const answer = useExplanation(run, followed);
  const [trained, setTrained] = useState<ExplanationAnswer>();
  useEffect(() => {
    if (answer && gates === asTrained) setTrained(answer);
  }, [answer, gates]);
  const turn = (changed: Readonly<Record<string, number>>) => setGates({ ...gates, ...changed });
  const closed = Object.fromEntries(answer?.gateValues.map((each) => [each.name, 0]) ?? []);
  return (
    <div className="app">
      <RunsBar />
      <main className="explanation-page">
        <div className="explanation-head">
          <div>
            <h1>
              Step by step through <a href={hashOf({ page: "pipeline", run })}>{name || run}</a>
            </h1>
            <fieldset className="thumbs" aria-label="Image">
              {samples.map((sample) => (
                <button
                  key={sample.image}
                  type="button"
                  className="thumb"
                  aria-pressed={sample.image === image}
                  aria-label={sample.label}
                  title={sample.label}
                  onClick={() => choose(sample.image)}
                >
                  <StudioImage path={pinnedImage(run, sample.image)} alt="" />
                </button>
              ))}
            </fieldset>
          </div>
          {answer && label !== undefined && (
            <Sentence answer={answer} trained={trained} label={label} isTurned={gates !== asTrained} />
          )}
          {answer && (
            <div className="explanation-buttons">
              <button type="button" className="button" onClick={() => setGates(closed)}>
                Close all gates
              </button>
              <button
                type="button"
                className="button"
                disabled={gates === asTrained}
                onClick={() => setGates(asTrained)}
              >
                As trained
              </button>
            </div>
          )}
        </div>
        {answer ? (
          <Stages
            {...{ run, answer, gates, turn, setLayer, setToken }}
            token={tokenOf(answer, token)}
            layer={layer ?? openest(trained ?? answer)}
          />
        ) : (
          <p className="no-run">
            {followed
              ? "Asking the model…"
              : isShown
                ? "An image can be followed once the run has a checkpoint and pinned images: its pipeline needs a Caption samples node."
                : "Reading…"}
          </p>
        )}
      </main>
      <Notices />
    </div>
  );
}

/** The token that is followed; a caption that became shorter has no more than its own. */
function tokenOf({ frame, next }: ExplanationAnswer, chosen: number | undefined): number {
  const { tokens } = frame.images[0]!;
  return Math.min(chosen ?? firstContentToken(tokens), next.length - 1);
}

/** The layer whose gate lets most in. */
function openest({ frame }: ExplanationAnswer): number {
  const open = frame.layers.map(({ gate = 0 }) => Math.abs(gate));
  return open.indexOf(Math.max(...open));
}

/** What the model says now, and what it said as it was trained. */
function Sentence(props: {
  answer: ExplanationAnswer;
  trained: ExplanationAnswer | undefined;
  label: string;
  isTurned: boolean;
}) {
  const { answer, trained, label, isTurned } = props;
  const isOther = isTurned && trained !== undefined && trained.caption !== answer.caption;
  return (
    <p className="explanation-sentence" data-right={isRight({ label, caption: answer.caption })}>
      <strong data-testid="explanation-caption" title={answer.caption}>
        {answer.caption || "nothing"}
      </strong>
      <span className="muted">
        {isOther ? `as trained: ${trained.caption}` : `the label is “${label}”`}, step {formatCount(answer.step)}
      </span>
    </p>
  );
}

function Stages(
  props: StageProps & {
    gates: Readonly<Record<string, number>>;
    turn: (changed: Readonly<Record<string, number>>) => void;
    setLayer: (layer: number) => void;
    setToken: (token: number) => void;
  },
) {
  return (
    <div className="stages">
      <PixelsStage {...props} />
      <FeaturesStage {...props} />
      <LatentsStage {...props} />
      <CrossAttentionStage {...props} />
      <GateStage {...props} />
      <NextTokenStage {...props} />
    </div>
  );
}
