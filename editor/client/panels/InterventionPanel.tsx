import { useCallback, useEffect, useRef, useState } from "react";
import { gateLabel, weightName } from "../../../src/channels/gates.ts";
import { isRight, type Sample } from "../../../src/channels/samples.ts";
import { headCount } from "../../../src/channels/tokenAttention.ts";
import { formatCount, formatNumber } from "../../../src/figures/numbers.ts";
import type { InterventionAnswer, InterventionRequest } from "../../shared/protocol.ts";
import { StudioImage } from "../parts/StudioImage.tsx";
import { tellError } from "../stores/notices.ts";
import { sendJson } from "../stores/request.ts";
import { hashOf } from "../stores/route.ts";
import { pinnedImage, useRun } from "../stores/run.ts";
import { NoRun } from "./NoRun.tsx";
import { useShownFrames } from "./useAttention.ts";
import { useFrame } from "./useFrame.ts";

/** What a person turned: a run's model is asked anew after each turn. */
interface Turned {
  /** tanh of gates, by name; those that are not here are as they were trained. */
  gates: Record<string, number>;
  masked: boolean;
  /** Whether each label gets the next label's image. */
  swapped: boolean;
  /** Fusion layers that are left out, and heads whose output is 0, as `layer head`, all from 0. */
  layers: readonly number[];
  heads: readonly string[];
}

const asTrained: Turned = { gates: {}, masked: false, swapped: false, layers: [], heads: [] };

/** Turns gates, layers, heads and images of a trained model by hand, and shows what it says of the pinned images then. */
export function InterventionPanel() {
  const run = useRun((state) => state.id);
  const checkpoint = useRun((state) => state.state.checkpoints.at(-1)?.step);
  const gates = useRun((state) => state.state.channels.gates.gates);
  const samples = useRun((state) => state.state.channels.samples.at(-1)?.samples);
  if (run === undefined || checkpoint === undefined || !samples || samples.length === 0)
    return (
      <NoRun
        sketch="gates"
        what="Turn the gates by hand here, and see the captions change, once a run has a checkpoint and pinned images."
      />
    );
  return <Gates key={`${run} ${gates.length}`} run={run} samples={samples} />;
}

function Gates({ run, samples }: { run: string; samples: readonly Sample[] }) {
  const gates = useRun((state) => state.state.channels.gates.gates);
  const [turned, setTurned] = useState(asTrained);
  const labels = samples.map(({ label }) => label);
  const { answer, own, milliseconds } = useAnswer(run, turned, labels);
  const turn = (name: string, value: number) => setTurned({ ...turned, gates: { ...turned.gates, [name]: value } });
  const closed = Object.fromEntries(gates.map((gate) => [weightName(gate), 0]));
  return (
    <>
      <div className="panel-controls">
        <p className="readout">
          <strong data-testid="intervention-right">
            {answer
              ? `${samples.filter((sample, at) => isRightNow(sample, answer.samples[at])).length} of ${samples.length}`
              : "…"}
          </strong>
          <span className="muted">
            captions right{answer && `, step ${formatCount(answer.step)}, ${formatCount(milliseconds)} ms`}
          </span>
        </p>
        <a className="plain-link" href={hashOf({ page: "explanation", run })}>
          Step by step
        </a>
      </div>
      <div className="intervention">
        <fieldset className="intervention-gates" aria-label="tanh of each gate">
          <div className="intervention-all">
            <button type="button" className="button small" onClick={() => setTurned({ ...turned, gates: closed })}>
              Close all gates
            </button>
            <button
              type="button"
              className="button small"
              disabled={turned === asTrained}
              onClick={() => setTurned(asTrained)}
            >
              As trained
            </button>
            <label className="check" title="No token attends to the image">
              <input
                type="checkbox"
                checked={turned.masked}
                onChange={(event) => setTurned({ ...turned, masked: event.target.checked })}
              />
              mask the image
            </label>
            <label className="check" title="Each label gets the image of the next">
              <input
                type="checkbox"
                checked={turned.swapped}
                onChange={(event) => setTurned({ ...turned, swapped: event.target.checked })}
              />
              swap the images
            </label>
          </div>
          {gates.map((gate) => {
            const name = weightName(gate);
            const trained = own?.gates.find((each) => each.name === name)?.value ?? 0;
            const value = turned.gates[name] ?? trained;
            return (
              <label key={name} className="slider" title={`${name}: ${formatNumber(trained)} as trained`}>
                <span>{gateLabel(gate)}</span>
                <input
                  type="range"
                  min={-1}
                  max={1}
                  step="any"
                  disabled={own === undefined}
                  value={value}
                  onChange={(event) => turn(name, Number(event.target.value))}
                />
                <output>{own === undefined ? "…" : formatNumber(value)}</output>
              </label>
            );
          })}
          <LeftOut run={run} turned={turned} turn={(change) => setTurned({ ...turned, ...change })} />
        </fieldset>
        <ul className="samples intervention-samples">
          {samples.map((sample, at) => (
            <SampleCard
              key={sample.image}
              run={run}
              sample={sample}
              image={turned.swapped ? samples[(at + 1) % samples.length]!.image : sample.image}
              now={answer?.samples[at]}
              trained={own?.samples[at]}
            />
          ))}
        </ul>
      </div>
    </>
  );
}

/** Layers and heads to leave out, as many as the run's attention has. */
function LeftOut(props: { run: string; turned: Turned; turn: (change: Partial<Turned>) => void }) {
  const { run, turned, turn } = props;
  const frame = useFrame(run, useShownFrames(run).at(-1)?.file);
  if (!frame) return null;
  const heads = Array.from({ length: headCount(frame) }, (_, head) => head);
  return (
    <fieldset className="intervention-left-out" aria-label="Left out">
      <span className="muted">leave out</span>
      {frame.layers.map((each, layer) => (
        <div key={[each.node, ...each.path].join(".")}>
          <button
            type="button"
            className="token"
            aria-pressed={turned.layers.includes(layer)}
            title={`Leaves layer ${layer + 1} out: what goes in comes out`}
            onClick={() => turn({ layers: toggled(turned.layers, layer) })}
          >
            layer {layer + 1}
          </button>
          {heads.map((head) => (
            <button
              key={head}
              type="button"
              className="token"
              aria-pressed={turned.heads.includes(`${layer} ${head}`)}
              aria-label={`layer ${layer + 1}, head ${head + 1}`}
              title={`Sets the output of head ${head + 1} of layer ${layer + 1} to 0`}
              onClick={() => turn({ heads: toggled(turned.heads, `${layer} ${head}`) })}
            >
              {head + 1}
            </button>
          ))}
        </div>
      ))}
    </fieldset>
  );
}

function toggled<T>(all: readonly T[], one: T): T[] {
  return all.includes(one) ? all.filter((each) => each !== one) : [...all, one];
}

/** What the server is asked for. */
function requestOf({ gates, masked, swapped, layers, heads }: Turned, labels: readonly string[]): InterventionRequest {
  const pairs = heads.map((each) => each.split(" ").map(Number) as [number, number]);
  return {
    intervention: {
      gates,
      layers: [...layers],
      heads: pairs.map(([layer, head]) => ({ layer, head })),
      ...(masked ? { masked: [0] } : {}),
    },
    labels: [...labels],
    ...(swapped ? { images: labels.map((_, at) => (at + 1) % labels.length) } : {}),
  };
}

type Said = InterventionAnswer["samples"][number];

function isRightNow({ label }: Sample, now: Said | undefined): boolean {
  return now !== undefined && isRight({ label, caption: now.caption });
}

/** What the model says of an image now; what it said as trained, where that is another caption. */
function SampleCard(props: {
  run: string;
  sample: Sample;
  image: number;
  now: Said | undefined;
  trained: Said | undefined;
}) {
  const { run, sample, image, now, trained } = props;
  const score = now?.logLikelihood;
  const gain = score !== undefined && trained?.logLikelihood !== undefined ? score - trained.logLikelihood : 0;
  const isOther = now !== undefined && trained !== undefined && now.caption !== trained.caption;
  return (
    <li className="sample" data-right={isRightNow(sample, now)} data-testid="intervention-sample">
      <StudioImage path={pinnedImage(run, image)} alt={sample.label} />
      <span className="sample-text">
        <span className="sample-label">{sample.label}</span>
        <span className="sample-caption">
          {now?.caption || (now ? "nothing" : "…")}
          {isOther && <del className="muted"> {trained.caption}</del>}
        </span>
        {score !== undefined && (
          <span
            className="muted"
            title="Mean log-likelihood of the label, in nats per token; the change from the trained model"
          >
            {formatNumber(score)} nats{gain !== 0 && ` (${gain > 0 ? "+" : ""}${formatNumber(gain)})`}
          </span>
        )}
      </span>
    </li>
  );
}

/** Asks the run's model after each turn. While an answer is on its way, only the last turn waits. */
function useAnswer(run: string, turned: Turned, labels: readonly string[]) {
  const [answer, setAnswer] = useState<InterventionAnswer>();
  const [own, setOwn] = useState<InterventionAnswer>();
  const [milliseconds, setMilliseconds] = useState(0);
  const latest = useRef({ turned, labels });
  latest.current = { turned, labels };
  const asked = useRef<Turned>(undefined);
  const busy = useRef(false);
  const ask = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      while (asked.current !== latest.current.turned) {
        const { turned, labels } = latest.current;
        asked.current = turned;
        const start = performance.now();
        const asking = requestOf(turned, labels);
        const found = await sendJson<InterventionAnswer>("POST", `/api/runs/${run}/intervention`, asking);
        setMilliseconds(Math.round(performance.now() - start));
        setAnswer(found);
        if (turned === asTrained) setOwn(found);
      }
    } catch (error) {
      tellError(error);
    } finally {
      busy.current = false;
    }
  }, [run]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each turn is a question
  useEffect(() => void ask(), [ask, turned]);
  return { answer, own, milliseconds };
}
