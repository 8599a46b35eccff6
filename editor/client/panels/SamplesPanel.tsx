import { useState } from "react";
import { isRight, type Sample } from "../../../src/channels/samples.ts";
import { formatCount, formatNumber } from "../../../src/figures/numbers.ts";
import { Icon } from "../parts/Icon.tsx";
import { StudioImage } from "../parts/StudioImage.tsx";
import { pinnedImage, useRun } from "../stores/run.ts";
import { NoRun } from "./NoRun.tsx";
import { StepSlider } from "./StepSlider.tsx";

/** Captions of the same held-out images, again and again while training goes on. */
export function SamplesPanel() {
  const run = useRun((state) => state.id);
  const history = useRun((state) => state.state.channels.samples);
  const [step, setStep] = useState<number | undefined>(undefined);
  const [image, setImage] = useState<number | undefined>(undefined);
  const shown = history[Math.min(step ?? history.length - 1, history.length - 1)];
  if (!shown || run === undefined)
    return (
      <NoRun
        sketch="cards"
        what="Captions of the same held-out images appear here while the model learns."
        needs="a Caption samples node"
      />
    );
  const right = shown.samples.filter(isRight).length;
  return (
    <>
      <div className="panel-controls">
        <p className="readout">
          <strong data-testid="samples-right">
            {right} of {shown.samples.length}
          </strong>
          <span className="muted">captions right</span>
        </p>
      </div>
      <div className="samples">
        {shown.samples.map((sample) => (
          <SampleCard
            key={sample.image}
            run={run}
            sample={sample}
            open={sample.image === image}
            toggle={() => setImage(sample.image === image ? undefined : sample.image)}
          />
        ))}
      </div>
      {image !== undefined && <SampleHistory image={image} />}
      <StepSlider steps={history.map((each) => each.step)} chosen={step} choose={setStep} />
    </>
  );
}

function SampleCard(props: { run: string; sample: Sample; open: boolean; toggle: () => void }) {
  const { run, sample, open, toggle } = props;
  const right = isRight(sample);
  const likelihood =
    sample.logLikelihood === undefined ? "" : `\nlog-likelihood ${formatNumber(sample.logLikelihood)} nats per token`;
  return (
    <button
      type="button"
      className="sample"
      data-right={right}
      aria-expanded={open}
      onClick={toggle}
      title={`${sample.label}\ncaption: ${sample.caption}${likelihood}`}
    >
      <StudioImage path={pinnedImage(run, sample.image)} alt={sample.label} />
      <span className="sample-text">
        <span className="sample-label">{sample.label}</span>
        <span className="sample-caption">
          {right && <Icon name="check" size={12} />}
          {sample.caption || "nothing"}
        </span>
      </span>
    </button>
  );
}

/** Every caption of one image, newest first; a caption that stays the same is listed once. */
function SampleHistory({ image }: { image: number }) {
  const history = useRun((state) => state.state.channels.samples);
  const all = history.flatMap(({ step, samples }) => {
    const sample = samples.find((candidate) => candidate.image === image);
    return sample ? [{ step, sample }] : [];
  });
  const changes = all.filter(({ sample }, index) => sample.caption !== all[index - 1]?.sample.caption).reverse();
  return (
    <ol className="sample-history" aria-label="Captions so far">
      {changes.map(({ step, sample }) => (
        <li key={step} data-right={isRight(sample)}>
          <span className="muted">from step {formatCount(step)}</span> {sample.caption}
        </li>
      ))}
    </ol>
  );
}
