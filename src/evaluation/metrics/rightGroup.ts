import { shareOfCases } from "../intervals.ts";
import { defineMetric } from "./metric.ts";

/** The share of generated captions that are a known label of the example's group. */
export const rightGroup = defineMetric({
  name: "rightGroup",
  title: "Label of the right group",
  description: "The share of generated captions that are a known label of the example's group.",
  unit: "share",
  higherIsBetter: true,
  needs: ["generated"],
  references: ["group"],
  value: (cases, { set, tokenizer }) => {
    const groups = new Map([...(set.groups ?? [])].map(([label, group]) => [tokenizer.encode(label).join(), group]));
    const isRight = ({ generated, example }: (typeof cases)[number]) =>
      groups.get(tokenizer.encode(generated.text).join()) === example.group;
    return shareOfCases(cases.map(isRight));
  },
});
