import { reportOf } from "../core/errors.ts";
import type { RecordSink } from "../runs/record.ts";

/** Does a node's work. If it fails, the log tells at which node and why, and the error goes on. */
export async function atNode<T>(node: string, log: RecordSink, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    log.append({ channel: "node", value: { node, state: "failed", error: reportOf(error) } });
    throw error;
  }
}
