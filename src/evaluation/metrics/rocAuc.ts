import { type Estimate, meanOf, normalInterval } from "../intervals.ts";
import { areClasses, defineMetric } from "./metric.ts";

/**
 * The area under the ROC curve of two classes, the second of which is the positive one: how often a positive example scores
 * higher than a negative one, where ties count one half. A score is the difference of the classes' log-likelihoods.
 *
 * The interval is DeLong's: the variance of the area is the sum, over positives and negatives, of the variance of each
 * example's share of pairs won, divided by their number.
 *
 * @see DeLong et al. 1988, Comparing the Areas under Two or More Correlated Receiver Operating Characteristic Curves
 */
export const rocAuc = defineMetric({
  name: "rocAuc",
  title: "ROC AUC",
  description: "How often an example of the second class scores higher than one of the first; ties count one half.",
  unit: "share",
  paper: "Table 1 (HatefulMemes)",
  higherIsBetter: true,
  needs: ["candidateScores"],
  references: ["candidates", "right"],
  fits: (examples) => areClasses(examples) && examples[0]!.candidates!.length === 2,
  value: (cases) => {
    const scores = cases.map(({ candidateScores: [negative, positive] }) => positive!.sum - negative!.sum);
    return areaUnderCurve(
      scores,
      cases.map(({ example }) => example.right === 1),
    );
  },
});

function areaUnderCurve(scores: readonly number[], isPositive: readonly boolean[]): Estimate {
  const positives = scores.filter((_, index) => isPositive[index]);
  const negatives = scores.filter((_, index) => !isPositive[index]);
  const count = scores.length;
  if (positives.length === 0 || negatives.length === 0) return { ...meanOf([]), count };
  const [rank, rankAmongPositives, rankAmongNegatives] = [ranks(scores), ranks(positives), ranks(negatives)];
  const all = (wanted: boolean) => rank.filter((_, index) => isPositive[index] === wanted);
  // Of all pairs with the other class, the share that the example wins.
  const wonByPositive = all(true).map((each, index) => (each - rankAmongPositives[index]!) / negatives.length);
  const wonByNegative = all(false).map((each, index) => (each - rankAmongNegatives[index]!) / positives.length);
  const value = meanOf(wonByPositive).value;
  return { ...normalInterval(value, [wonByPositive, wonByNegative]), count };
}

/** The rank of each score from 1 up; equal ones share the mean of their ranks. */
function ranks(scores: readonly number[]): number[] {
  const order = scores.map((_, index) => index).sort((a, b) => scores[a]! - scores[b]!);
  const result = new Array<number>(scores.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    for (let at = start; at < end; at++) result[order[at]!] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}
