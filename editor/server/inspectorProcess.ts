import { type ErrorReport, reportOf } from "../../src/core/errors.ts";
import { findHome } from "../../src/runs/home.ts";
import type {
  ExplanationAnswer,
  ExplanationRequest,
  InterventionAnswer,
  InterventionRequest,
} from "../shared/protocol.ts";

/** A question to a run's model, by its kind, and what it is answered with. */
export interface InspectorQuestions {
  intervention: { request: InterventionRequest; answer: InterventionAnswer };
  explanation: { request: ExplanationRequest; answer: ExplanationAnswer };
}

/** What the studio asks the process that holds a run's model. */
export type InspectorMessage = { id: number; folder: string } & {
  [Kind in keyof InspectorQuestions]: { kind: Kind; request: InspectorQuestions[Kind]["request"] };
}[keyof InspectorQuestions];

export type InspectorAnswer = { id: number } & (
  | { value: InspectorQuestions[keyof InspectorQuestions]["answer"] }
  | { error: ErrorReport }
);

/** A model that is asked what it says under an intervention, and how it comes to it. */
interface Inspected {
  ask(
    intervention: InterventionRequest["intervention"],
    labels: readonly string[],
    instead?: readonly number[],
  ): Promise<InterventionAnswer>;
  explain(intervention: InterventionRequest["intervention"], image: number, label: string): Promise<ExplanationAnswer>;
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

  async function answer({ id, folder, kind, request }: InspectorMessage): Promise<void> {
    try {
      held ??= open(folder, findHome().models);
      const model = await held;
      const value =
        kind === "intervention"
          ? await model.ask(request.intervention, request.labels, request.images)
          : await model.explain(request.intervention, request.image, request.label);
      process.send!({ id, value } satisfies InspectorAnswer);
    } catch (error) {
      process.send!({ id, error: { ...reportOf(error) } } satisfies InspectorAnswer);
    }
  }
}
