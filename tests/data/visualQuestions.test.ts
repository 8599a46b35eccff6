import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ignored } from "../../src/data/documents.ts";
import { promptOf, promptTemplates } from "../../src/evaluation/promptTemplate.ts";
import { formatFile, formatSources } from "./dataFormats.ts";
import { openFormat } from "./openFormat.ts";

const folder = mkdtempSync(join(tmpdir(), "flamingo-vqa-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inOrder = { ...formatSources.VisualQuestions, batch: 2, media: 2, heldOut: 0, shuffle: 1 };

test("questions of VQA v2 are written as the prompt template writes them, with the most frequent answer", async () => {
  const { captions } = await openFormat("VisualQuestions", inOrder);
  const asked = ["What colour is it?", "What shape is it?"];
  const answers = ["red", "square", "red", "circle"];
  const said = answers.map((answer, at) => {
    const example = { media: [], fields: { question: asked[at % 2]! }, answers: [answer] };
    return promptOf(promptTemplates.question, { media: [], fields: { question: "" } }, [example])[0];
  });
  expect(await captions()).toEqual(said);
});

test("the loss counts the answer and the end of its chunk, and no word of the question", async () => {
  const { source } = await openFormat("VisualQuestions", inOrder);
  const { ids, targets } = await source.batch(0);
  const length = ids!.shape[1]!;
  const { special } = source.tokenizer!;
  const counted = [...targets!.data.subarray(0, length)].filter((id) => id !== ignored);
  const words = (text: string) => source.tokenizer!.encode(text);
  expect(counted).toEqual([...words("red"), special.endOfChunk, ...words("square"), special.endOfChunk]);
});

test("held-out questions are an evaluation set with what ten people answered; their images are not trained on", async () => {
  const { source, captions } = await openFormat("VisualQuestions", { ...inOrder, heldOut: 0.3, batch: 40 });
  const [set] = source.evaluationSets!;
  const examples = set!.examples(100);
  expect(set!.template).toBe("question");
  expect(examples.length).toBeGreaterThan(3);
  expect(examples.length % 2).toBe(0); // both questions of an image
  expect(examples[0]!.answers).toHaveLength(10);
  expect(new Set(await captions()).size).toBeGreaterThan(3);
  const trained = new Set<string>();
  const { images } = await source.batch(0);
  for (let at = 0; at < images!.data.length; at += 768) trained.add(images!.data.subarray(at, at + 768).join());
  for (const { media } of examples) expect(trained.has(media[0]!.pixels.join())).toBe(false);
});

test("questions that cannot be used are named, counted and skipped", async () => {
  const questions = {
    data_subtype: "train2014",
    questions: [
      { question_id: 1, image_id: 0, question: "What?" },
      { question_id: 2, image_id: 0 },
      { question_id: 3, image_id: 0, question: "Why?" },
      { question_id: 4, image_id: "x", question: "Who?" },
      { question_id: 5, image_id: 0, question: "When?" },
      { question_id: 6, image_id: 999, question: "Where?" },
    ],
  };
  const answers = [{ answer: "that" }];
  const annotations = [1, 2, 4, 6].map((id) => ({ question_id: id, multiple_choice_answer: "that", answers }));
  writeFileSync(join(folder, "q.json"), JSON.stringify(questions));
  const all = { annotations: [...annotations, { question_id: 5, answers: [] }] };
  writeFileSync(join(folder, "a.json"), JSON.stringify(all));
  const files = { questions: join(folder, "q.json"), annotations: join(folder, "a.json") };
  const { warnings, skipped, captions } = await openFormat("VisualQuestions", { ...inOrder, ...files });
  expect(warnings.map((each) => each.replace(/.* is skipped: /, ""))).toEqual([
    "question 2 of q.json: it has no text",
    "question 3 of q.json: it has no annotation",
    "question 4 of q.json: it names no image",
    "question 5 of q.json: it has no answer",
  ]);
  expect(await skipped()).toEqual([
    `${formatFile("coco/images")}/COCO_train2014_000000000999.jpg: its image is not there`,
  ]);
  expect(new Set(await captions())).toEqual(new Set(["Question: What? Answer: that"]));
  await expect(openFormat("VisualQuestions", { ...inOrder, questions: files.annotations })).rejects.toThrow(
    /a.json has no list "questions", as VQA v2 has/,
  );
});
