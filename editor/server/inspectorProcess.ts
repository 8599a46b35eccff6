import { type ErrorReport, reportOf } from "../../src/core/errors.ts";
import { findHome } from "../../src/runs/home.ts";
import type { InterventionAnswer, InterventionRequest } from "../shared/protocol.ts";

/** What the studio asks the process that holds a run's model. */
export interface InspectorMessage {
  id: number;
  folder: string;
  request: InterventionRequest;
}

export type InspectorAnswer = { id: number } & ({ value: InterventionAnswer } | { error: ErrorReport });

/** A model that is asked what it says under an intervention. */
interface Inspected {
  ask(intervention: InterventionRequest["intervention"], labels: readonly string[]): Promise<InterventionAnswer>;
}

/** Answers what one run's model says under interventions, one question after the other. The process holds the model of one run only. */
export function serveInspector(open: (folder: string, models: string) => Promise<Inspected>): void {
  let held: Promise<Inspected> | undefined;
  let turn: Promise<void> = Promise.resolve();
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {}); // a terminal tells all; the studio decides
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: InspectorMessage) => {
    turn = turn.then(() => answer(message));
  });

  async function answer({ id, folder, request }: InspectorMessage): Promise<void> {
    try {
      held ??= open(folder, findHome().models);
      const value = await (await held).ask(request.intervention, request.labels);
      process.send!({ id, value } satisfies InspectorAnswer);
    } catch (error) {
      process.send!({ id, error: { ...reportOf(error) } } satisfies InspectorAnswer);
    }
  }
}
