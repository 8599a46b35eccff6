import { type ErrorReport, reportOf } from "../../src/core/errors.ts";
import { findHome } from "../../src/runs/home.ts";
import type { ChangedAnswer, ChangeRequest } from "../shared/protocol.ts";

/** What the studio asks the process that holds a run's model. */
export interface InspectorMessage {
  id: number;
  folder: string;
  request: ChangeRequest;
}

export type InspectorAnswer = { id: number } & ({ value: ChangedAnswer } | { error: ErrorReport });

/** A model that can be changed and asked. */
interface Changed {
  ask(change: ChangeRequest["change"], labels: readonly string[]): Promise<ChangedAnswer>;
}

/** Answers what one run's model says after changes, one question after the other. The process holds the model of one run only. */
export function serveInspector(open: (folder: string, models: string) => Promise<Changed>): void {
  let held: Promise<Changed> | undefined;
  let turn: Promise<void> = Promise.resolve();
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {}); // a terminal tells all; the studio decides
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: InspectorMessage) => {
    turn = turn.then(() => answer(message));
  });

  async function answer({ id, folder, request }: InspectorMessage): Promise<void> {
    try {
      held ??= open(folder, findHome().models);
      const value = await (await held).ask(request.change, request.labels);
      process.send!({ id, value } satisfies InspectorAnswer);
    } catch (error) {
      process.send!({ id, error: { ...reportOf(error) } } satisfies InspectorAnswer);
    }
  }
}
