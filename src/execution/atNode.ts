import { reportOf } from "../core/errors.ts";
import type { EventSink } from "./action.ts";

/** Does a node's work. If it fails, the log tells at which node and why, and the error goes on. */
export async function atNode<T>(node: string, log: EventSink, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    log.append({ type: "node:state", node, state: "failed", error: reportOf(error) });
    throw error;
  }
}
