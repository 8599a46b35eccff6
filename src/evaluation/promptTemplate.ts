import { FlamingoError } from "../core/errors.ts";
import type { Example } from "../data/evaluationSet.ts";
import type { Prompt } from "./prompt.ts";

/**
 * How an example is written in a prompt: its media, then a text in which fields stand in braces. `{answer}` is what a model is
 * to continue with; the text ends there where the example is the query.
 */
export interface PromptTemplate {
  title: string;
  text: string;
  paper?: string;
}

/** Every template, by name. */
export const promptTemplates = {
  caption: { title: "Caption", text: "{answer}" },
  output: { title: "Output", text: "Output: {answer}", paper: "Appendix C" },
  question: { title: "Question and answer", text: "Question: {question} Answer: {answer}", paper: "Appendix C" },
} satisfies Record<string, PromptTemplate>;

/** @throws FlamingoError NOT_FOUND, listing the names there are */
export function findTemplate(name: string): PromptTemplate {
  const template = (promptTemplates as Record<string, PromptTemplate>)[name];
  if (template) return template;
  const fix = `use one of: ${Object.keys(promptTemplates).join(", ")}`;
  throw new FlamingoError("NOT_FOUND", `there is no prompt template "${name}"`, { actual: name, fix });
}

/**
 * A prompt with examples before the query.
 * @param shots the last one stands right before the query; one without media gives its text alone
 * @throws FlamingoError INVALID_DATA if an example lacks a field of the template
 */
export function promptOf(template: PromptTemplate, query: Example, shots: readonly Example[] = []): Prompt {
  const { before } = parts(template);
  const asked = fill(before, query).trimEnd();
  const shown = shots.flatMap((shot): Prompt => [...shot.media, fill(before, shot) + labelOf(shot)]);
  return [...shown, ...query.media, ...(asked === "" ? [] : [asked])];
}

/** A text as it follows the query of a prompt. */
export function continuationOf(template: PromptTemplate, text: string): string {
  const { before } = parts(template);
  return before.slice(before.trimEnd().length) + text;
}

/** What is true of an example: its first caption, its most frequent answer, or its right candidate. */
export function labelOf(example: Example): string {
  const { captions, answers, candidates, right } = example;
  const label = captions?.[0] ?? (answers && mostFrequent(answers)) ?? candidates?.[right ?? -1];
  if (label !== undefined) return label;
  const fix = "give it captions, answers, or candidates with the right one";
  throw new FlamingoError("INVALID_DATA", "an example has no label", { fix });
}

function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function parts({ text }: PromptTemplate): { before: string } {
  return { before: text.slice(0, text.indexOf("{answer}")) };
}

function fill(text: string, { fields = {} }: Example): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = fields[name];
    if (value !== undefined) return value;
    const fix = `give the examples a field "${name}", or use another template`;
    throw new FlamingoError("INVALID_DATA", `an example lacks the field "${name}" of its prompt template`, { fix });
  });
}
