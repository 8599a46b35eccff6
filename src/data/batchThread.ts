import { parentPort, workerData } from "node:worker_threads";
import type { Ground, SourceDefinition } from "./source.ts";
import * as sources from "./sources/index.ts";

const ground = workerData as Ground<Record<string, unknown>>;
const { batch } = (Object.values(sources) as unknown as SourceDefinition[]).find(({ name }) => name === ground.source)!;

// An error ends the thread; who waits for the batch draws it again, and meets the same error.
parentPort!.on("message", (index: number) => {
  const drawn = batch(ground, index);
  const buffers = Object.values(drawn).map(({ data }) => data.buffer as ArrayBuffer);
  parentPort!.postMessage({ index, batch: drawn }, buffers);
});
parentPort!.postMessage("ready");
