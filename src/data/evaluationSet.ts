import type { Media } from "./media.ts";

/** An example with what is true of it. Which metrics can be computed follows from the fields that it has. */
export interface Example {
  /** Images and videos, in order. */
  media: readonly Media[];
  /** Texts for the fields of a prompt template: `{ question: "How many dogs are there?" }`. */
  fields?: Readonly<Record<string, string>>;
  /** Captions that people gave; the first is the label. */
  captions?: readonly string[];
  /** Answers that people gave to a question, one a person. */
  answers?: readonly string[];
  /** Texts to choose from. Where they are the same in all examples of a set, they are classes. */
  candidates?: readonly string[];
  /** Index of the right candidate. */
  right?: number;
  /** The group that the label belongs to. */
  group?: string;
}

/** Examples that were held out, under a name. */
export interface EvaluationSet {
  name: string;
  title: string;
  /** At most so many examples, always the same ones. */
  examples(most: number): Example[];
  /** Name of the prompt template that its examples are put into; `caption` by default. */
  template?: string;
  /** The group of each known caption. */
  groups?: ReadonlyMap<string, string>;
  /** Examples that the shots of the prompt for an example are chosen from, by the example's index; always the same ones. */
  support?(index: number): readonly Example[];
  /** How likely the right answer is to an example, for who knows how the data was made and sees these shots. */
  bestPossible?(index: number, shots: readonly Example[]): number;
}
