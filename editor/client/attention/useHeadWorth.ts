import { useEffect, useRef, useState } from "react";
import type { AttentionFrame } from "../../../src/channels/attention.ts";
import { headCount } from "../../../src/channels/tokenAttention.ts";
import type { InterventionAnswer, InterventionRequest } from "../../shared/protocol.ts";
import { tellError } from "../stores/notices.ts";
import { sendJson } from "../stores/request.ts";

/** What each head is worth, as far as it has been asked: by layer and head, then all heads of the layer together, in nats per token. */
export interface HeadWorth {
  /** The step of the checkpoint that was asked. */
  step: number;
  values: readonly (readonly number[])[];
}

/**
 * Asks a run's model what each head is worth: by how many nats the labels of the pinned images are less likely, per token, where the
 * head's output is 0.
 */
export function useHeadWorth(run: string) {
  const [worth, setWorth] = useState<HeadWorth>();
  const [asking, setAsking] = useState(false);
  const current = useRef(run);
  current.current = run;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was asked of another run is nothing of this one
  useEffect(() => {
    setWorth(undefined);
    return () => {
      current.current = "";
    };
  }, [run]);

  async function ask(frame: AttentionFrame): Promise<void> {
    setAsking(true);
    const labels = frame.images.map(({ label }) => label);
    try {
      const whole = await meanLikelihood(run, {}, labels);
      const values: number[][] = frame.layers.map(() => []);
      const heads = [...Array(headCount(frame)).keys()];
      for (const layer of frame.layers.keys())
        for (const closed of [...heads.map((head) => [head]), heads]) {
          const without = await meanLikelihood(run, { heads: closed.map((head) => ({ layer, head })) }, labels);
          if (current.current !== run) return;
          values[layer]!.push(whole.value - without.value);
          setWorth({ step: whole.step, values: values.map((row) => [...row]) });
        }
    } catch (error) {
      tellError(error);
    } finally {
      setAsking(false);
    }
  }

  return { worth, asking, ask };
}

/** Mean log-likelihood of the labels, in nats per token. */
async function meanLikelihood(
  run: string,
  intervention: InterventionRequest["intervention"],
  labels: string[],
): Promise<{ step: number; value: number }> {
  const request: InterventionRequest = { intervention, labels };
  const { step, samples } = await sendJson<InterventionAnswer>("POST", `/api/runs/${run}/intervention`, request);
  const known = samples.flatMap(({ logLikelihood }) => logLikelihood ?? []);
  return { step, value: known.reduce((sum, value) => sum + value, 0) / known.length };
}
