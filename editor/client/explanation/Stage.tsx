import type { ReactNode } from "react";
import type { ExplanationAnswer } from "../../shared/protocol.ts";

/** What every stage is given. */
export interface StageProps {
  run: string;
  answer: ExplanationAnswer;
  /** The token that is followed, and the fusion layer, from 0. */
  token: number;
  layer: number;
}

/** One stage on the way from pixels to a sentence: what happens in words and as the paper's formula, and the live values. */
export function Stage(props: { number: number; title: string; paper: string; words: ReactNode; children: ReactNode }) {
  const { number, title, paper, words, children } = props;
  return (
    <section className="stage" aria-label={title}>
      <header>
        <h2>
          <span className="stage-number">{number}</span> {title}
          <small>{paper}</small>
        </h2>
        {words}
      </header>
      <div className="stage-values">{children}</div>
    </section>
  );
}
