import { meanOf } from "../intervals.ts";
import { defineMetric } from "./metric.ts";

/**
 * The accuracy of the VQA benchmark: an answer is right if three people gave it.
 *
 * With ten answers to a question, the mean over them of min(1, matches among the other nine / 3). Answers are compared after
 * case, punctuation, articles, numbers and contractions were made alike.
 *
 * @see Antol et al. 2015, VQA, arXiv:1505.00468, and the benchmark's evaluation page
 */
export const vqaAccuracy = defineMetric({
  name: "vqaAccuracy",
  title: "VQA accuracy",
  description: "How many of the people who were asked agree with the answer, where three are enough.",
  unit: "share",
  paper: "arXiv:1505.00468",
  higherIsBetter: true,
  needs: ["generated"],
  references: ["answers"],
  value: (cases) => meanOf(cases.map(({ generated, example }) => accuracyOf(generated.text, example.answers))),
});

function accuracyOf(answer: string, people: readonly string[]): number {
  const given = plainAnswer(answer);
  const matches = people.map((each) => plainAnswer(each) === given);
  const all = matches.filter(Boolean).length;
  // Each person's answer is left out once: the others decide.
  const accuracies = matches.map((match) => Math.min(1, (all - Number(match)) / 3));
  return accuracies.reduce((sum, each) => sum + each, 0) / people.length;
}

const punctuation = [...`;/[]"{}()=+\\_-><@\`,?!`];
const articles = new Set(["a", "an", "the"]);
const numbers = "zero one two three four five six seven eight nine ten".split(" ");
const digits = new Map([["none", "0"], ...numbers.map((word, value) => [word, String(value)] as const)]);

/** An answer in the form in which the benchmark compares them. */
function plainAnswer(answer: string): string {
  const text = answer.replace(/[\n\t]/g, " ").trim();
  const thousands = /\d,\d/.test(text);
  let plain = text;
  for (const sign of punctuation) {
    const beside = text.includes(`${sign} `) || text.includes(` ${sign}`) || thousands;
    plain = plain.replaceAll(sign, beside ? "" : " ");
  }
  const words = plain
    .replace(/\.(?!\d)/g, "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return words
    .map((word) => digits.get(word) ?? word)
    .filter((word) => !articles.has(word))
    .map((word) => contractions.get(word) ?? word)
    .join(" ");
}

/** Words whose apostrophes people leave out. Forms that are words of their own without it (ill, its, shell) are not among them. */
const withApostrophe =
  "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've he's how'd " +
  "how'll how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've must've mustn't needn't not've o'clock oughtn't " +
  "'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll " +
  "someone's something'd something'd've something'll that's there'd there'd've there're there's they'd they'd've they'll they're " +
  "they've 'twas wasn't we'd've we've weren't what'll what're what's what've when's where'd where's where've who'd who'd've who'll " +
  "who's who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'd've y'all'll you'd you'd've you'll you're you've";

/** From each form with one apostrophe missing to the whole one. */
const contractions = new Map(
  withApostrophe.split(" ").flatMap((whole) => {
    const places = [...whole.matchAll(/'/g)].map(({ index }) => index);
    return places.map((at) => [whole.slice(0, at) + whole.slice(at + 1), whole] as const);
  }),
);
