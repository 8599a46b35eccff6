import { type Estimate, meanOf } from "../intervals.ts";
import { meanScore, type TextScore } from "../score.ts";
import { defineMetric } from "./metric.ts";

const unit = "nats/token";
const higherIsBetter = true;

/** The label's mean log-likelihood per token, given the example's media. */
export const logLikelihood = defineMetric({
  name: "logLikelihood",
  title: "Log-likelihood",
  description: "The label's mean log-likelihood per token.",
  ...{ unit, higherIsBetter },
  needs: ["labelScore"],
  references: ["captions"],
  value: (cases) => meanOf(cases.map(({ labelScore }) => meanScore(labelScore))),
});

/** The same given the media of another example. */
export const shuffledLogLikelihood = defineMetric({
  name: "shuffledLogLikelihood",
  title: "Log-likelihood, shuffled images",
  description: "The label's mean log-likelihood per token with the images of another example.",
  ...{ unit, higherIsBetter },
  needs: ["shuffledScore"],
  references: ["captions"],
  value: (cases) => meanOf(cases.map(({ shuffledScore }) => meanScore(shuffledScore))),
});

/** How much likelier the label is with its own images than with those of another example, example by example. */
export const gainOverShuffled = defineMetric({
  name: "gainOverShuffled",
  title: "Gain over shuffled images",
  description: "How much likelier the label is with its own images than with those of another example.",
  ...{ unit, higherIsBetter },
  needs: ["labelScore", "shuffledScore"],
  references: ["captions"],
  value: (cases) => meanDifference(cases.map(({ labelScore, shuffledScore }) => [labelScore, shuffledScore])),
});

/** The label's mean log-likelihood per token by the language model alone. */
export const textOnlyLogLikelihood = defineMetric({
  name: "textOnlyLogLikelihood",
  title: "Log-likelihood, text only",
  description: "The label's mean log-likelihood per token by the language model alone.",
  ...{ unit, higherIsBetter },
  needs: ["textOnlyScore"],
  references: ["captions"],
  value: (cases) => meanOf(cases.map(({ textOnlyScore }) => meanScore(textOnlyScore))),
});

/** How much likelier the label is with its images than by the language model alone, example by example. */
export const gainOverTextOnly = defineMetric({
  name: "gainOverTextOnly",
  title: "Gain over text only",
  description: "How much likelier the label is with its images than by the language model alone.",
  ...{ unit, higherIsBetter },
  needs: ["labelScore", "textOnlyScore"],
  references: ["captions"],
  value: (cases) => meanDifference(cases.map(({ labelScore, textOnlyScore }) => [labelScore, textOnlyScore])),
});

function meanDifference(pairs: readonly (readonly [TextScore, TextScore])[]): Estimate {
  return meanOf(pairs.map(([a, b]) => meanScore(a) - meanScore(b)));
}
