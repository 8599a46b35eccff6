import { shareOfCases } from "../intervals.ts";
import { defineMetric } from "./metric.ts";

/** The share of generated captions that are the label, token by token. */
export const exactCaption = defineMetric({
  name: "exactCaption",
  title: "Exact caption",
  description: "The share of generated captions that are the label, token by token.",
  unit: "share",
  higherIsBetter: true,
  needs: ["generated"],
  references: ["captions"],
  value: (cases, { tokenizer }) => {
    const isLabel = ({ generated, example }: (typeof cases)[number]) =>
      tokenizer.encode(generated.text).join() === tokenizer.encode(example.captions[0]!).join();
    return shareOfCases(cases.map(isLabel));
  },
});
