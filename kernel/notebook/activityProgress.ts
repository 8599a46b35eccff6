import { ProgressBar } from "./progress.ts";

/** A node's report of its progress. */
interface NodeState {
  activity?: string | undefined;
  step?: number | undefined;
  total?: number | undefined;
}

/** Progress bars below the cell for the work of a pipeline's nodes, one after the other. */
export class ActivityProgress {
  #activity: string | undefined;
  #bar: ProgressBar | undefined;
  #done = 0;

  tell({ activity, step, total }: NodeState): void {
    if (activity === undefined || step === undefined || total === undefined) return;
    if (activity !== this.#activity) {
      this.end();
      this.#activity = activity;
      this.#bar = new ProgressBar(total, activity);
      this.#done = 0;
    }
    this.#bar?.step(step - this.#done);
    this.#done = step;
  }

  end(): void {
    this.#bar?.end();
    this.#bar = undefined;
  }
}
