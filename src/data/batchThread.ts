import { parentPort, workerData } from "node:worker_threads";
import type { SourceDefinition, SourceState } from "./source.ts";
import * as sources from "./sources/index.ts";

const state = workerData as SourceState<Record<string, unknown>>;
const { batch } = (Object.values(sources) as unknown as SourceDefinition[]).find(({ name }) => name === state.source)!;

// An error ends the thread; the batch is then made in the main thread, which meets the same error.
parentPort!.on("message", async (index: number) => {
  const made = await batch(state, index);
  const buffers = Object.values(made).map(({ data }) => data.buffer as ArrayBuffer);
  parentPort!.postMessage({ index, batch: made }, buffers);
});
parentPort!.postMessage("ready");
