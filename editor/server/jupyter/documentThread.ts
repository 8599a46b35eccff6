import { parentPort } from "node:worker_threads";
import { reportOf } from "../../../src/core/errors.ts";
import { notebookJson, readSaved } from "./document.ts";
import type { DocumentAnswer, DocumentQuestion } from "./documents.ts";

const work = { readSaved, notebookJson };

parentPort!.on("message", ({ id, what, bytes, path }: DocumentQuestion) => {
  let answer: DocumentAnswer;
  try {
    answer = { id, value: work[what](bytes, path) };
  } catch (error) {
    answer = { id, error: reportOf(error) };
  }
  parentPort!.postMessage(answer);
});
