import { shareOfCases } from "../intervals.ts";
import { likeliest, meanScore } from "../score.ts";
import { areClasses, defineMetric } from "./metric.ts";

/** The share of examples whose right candidate has the highest mean log-likelihood per token. */
export const bestCandidate = defineMetric({
  name: "bestCandidate",
  title: "Best of the candidates",
  description: "The share of examples whose right candidate has the highest mean log-likelihood per token.",
  unit: "share",
  higherIsBetter: true,
  needs: ["candidateScores"],
  references: ["candidates", "right"],
  fits: (examples) => !areClasses(examples),
  value: (cases) => {
    const isRight = ({ candidateScores, example }: (typeof cases)[number]) =>
      likeliest(candidateScores.map(meanScore)) === example.right;
    return shareOfCases(cases.map(isRight));
  },
});
