import { basename } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { isObject } from "../../core/json.ts";
import type { BadSamples } from "../shards/badSamples.ts";
import { readJsonFile } from "../shards/textFile.ts";

/** A question about an image, with what people answered. */
export interface VisualQuestion {
  /** Names that the image's file may have. */
  files: string[];
  question: string;
  /** The most frequent answer. */
  answer: string;
  /** One a person. */
  answers: string[];
}

/**
 * Reads questions and annotations of VQA v2, in the order of the questions. An image's file is called after the images' set and its id, as in COCO
 * 2014 (`COCO_train2014_000000000042.jpg`), or after its id alone, as in COCO 2017.
 *
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for files that are none
 * @see Goyal et al. 2017, Making the V in VQA Matter, arXiv:1612.00837
 */
export function readVqa(questionsPath: string, annotationsPath: string, bad: BadSamples): VisualQuestion[] {
  const { questions, data_subtype: subset } = fileWith("questions", questionsPath);
  const { annotations } = fileWith("annotations", annotationsPath);
  const given = new Map<unknown, unknown>();
  for (const annotation of annotations as unknown[])
    if (isObject(annotation)) given.set(annotation.question_id, annotation);
  return (questions as unknown[]).flatMap((each, at) => {
    const { question, question_id: id, image_id: image } = isObject(each) ? each : {};
    const annotation = given.get(id);
    const answers = answersOf(annotation);
    const answer = isObject(annotation) ? annotation.multiple_choice_answer : undefined;
    const refuse = (reason: string) => {
      bad.add({ name: `question ${id ?? at} of ${basename(questionsPath)}`, reason });
      return [];
    };
    if (typeof question !== "string" || question.trim() === "") return refuse("it has no text");
    if (!Number.isSafeInteger(image)) return refuse("it names no image");
    if (!isObject(annotation)) return refuse("it has no annotation");
    if (typeof answer !== "string" || answers.length === 0) return refuse("it has no answer");
    const digits = String(image).padStart(12, "0");
    const files = [...(typeof subset === "string" ? [`COCO_${subset}_${digits}.jpg`] : []), `${digits}.jpg`];
    return [{ files, question: question.trim(), answer, answers }];
  });
}

function answersOf(annotation: unknown): string[] {
  const answers = isObject(annotation) && Array.isArray(annotation.answers) ? annotation.answers : [];
  return answers.flatMap((each) => (isObject(each) && typeof each.answer === "string" ? [each.answer] : []));
}

function fileWith(list: string, path: string): Record<string, unknown> {
  const value = readJsonFile(path);
  if (isObject(value) && Array.isArray(value[list])) return value;
  throw new FlamingoError("INVALID_DATA", `${path} has no list "${list}", as VQA v2 has`, {
    source: path,
    fix: `name a file of VQA v2 with ${list}`,
  });
}
