import type { RecordSink } from "../runs/record.ts";

/** Tells the log how far a node is with an activity, such as `training`. */
export function nodeProgress(log: RecordSink, node: string, activity: string): (step: number, total: number) => void {
  return (step, total) => log.append({ channel: "node", value: { node, state: "running", activity, step, total } });
}
