import { shareOfCases } from "../intervals.ts";
import { likeliest } from "../score.ts";
import { areClasses, defineMetric } from "./metric.ts";

/**
 * The share of examples whose class has the highest log-likelihood.
 *
 * @see Alayrac et al. 2022, Flamingo, section 3.1 (closed-ended evaluation), arXiv:2204.14198
 */
export const top1 = defineMetric({
  name: "top1",
  title: "Top-1 accuracy",
  description: "The share of examples whose class has the highest log-likelihood.",
  unit: "share",
  paper: "3.1",
  higherIsBetter: true,
  needs: ["candidateScores"],
  references: ["candidates", "right"],
  fits: areClasses,
  value: (cases) => {
    const isRight = ({ candidateScores, example }: (typeof cases)[number]) =>
      likeliest(candidateScores.map(({ sum }) => sum)) === example.right;
    return shareOfCases(cases.map(isRight));
  },
});
