import { formatNumber } from "../../../src/figures/numbers.ts";
import { Formula } from "./Formula.tsx";
import { Stage, type StageProps } from "./Stage.tsx";
import { ValueBars } from "./ValueBars.tsx";

export function NextTokenStage({ answer, token }: StageProps) {
  const { tokens } = answer.frame.images[0]!;
  const next = answer.next[token]!;
  const masked = answer.masked[token]!;
  const [first] = next;
  return (
    <Stage
      number={6}
      title="Next token"
      paper="2, equation 1"
      words={
        <>
          <p>
            After “{tokens[token]}” the model gives every token a probability. The thin bar is the same where no token
            may attend to the image: then “{masked.word}” is the likeliest, with {formatNumber(masked.probability)}.
          </p>
          <Formula
            tex={String.raw`p(y_{\ell+1} \mid y_{\le \ell},\, x_{\le \ell}) = \mathrm{softmax}(W y), \qquad p(\text{${texText(first!.word)}}) = ${formatNumber(first!.probability)}`}
            label={`the likeliest next token is ${first!.word}`}
          />
        </>
      }
    >
      <ValueBars
        label="Probability of the likeliest next tokens"
        bars={next.map((each) => ({ name: each.word, value: each.probability, beside: each.masked }))}
        end={1}
      />
    </Stage>
  );
}

/** A token as text inside TeX. */
function texText(word: string): string {
  return word.replaceAll(/[\\{}$&#^_~%]/g, (sign) => `\\char"${sign.charCodeAt(0).toString(16).toUpperCase()} `);
}
