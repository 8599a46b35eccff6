import { useCallback, useEffect, useRef, useState } from "react";
import type { ExplanationAnswer, ExplanationRequest } from "../../shared/protocol.ts";
import { tellError } from "../stores/notices.ts";
import { sendJson } from "../stores/request.ts";

/** What is followed through a run's model: a pinned image, with gates at other values. */
export interface Followed {
  image: number;
  label: string;
  /** tanh of the gates that a person turned, by name. */
  gates: Readonly<Record<string, number>>;
}

/** Asks a run's model anew whenever what is followed changes. While an answer is on its way, only the last question waits. */
export function useExplanation(run: string, followed: Followed | undefined) {
  const [answer, setAnswer] = useState<ExplanationAnswer>();
  const latest = useRef({ run, followed });
  latest.current = { run, followed };
  const asked = useRef<typeof latest.current>(undefined);
  const busy = useRef(false);
  const isGone = useRef(false);
  const ask = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      for (;;) {
        const { run, followed } = latest.current;
        if (!followed || (asked.current?.run === run && asked.current.followed === followed)) return;
        asked.current = { run, followed };
        const { image, label, gates } = followed;
        const request: ExplanationRequest = { intervention: { gates: { ...gates } }, image, label };
        const found = await sendJson<ExplanationAnswer>("POST", `/api/runs/${run}/explanation`, request);
        if (!isGone.current && latest.current.run === run) setAnswer(found);
      }
    } catch (error) {
      if (!isGone.current) tellError(error);
    } finally {
      busy.current = false;
    }
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change is a question
  useEffect(() => void ask(), [ask, run, followed]);
  useEffect(() => {
    isGone.current = false;
    return () => {
      isGone.current = true;
    };
  }, []);
  return answer;
}
