import type { Comm } from "../cell/comm.ts";
import { registerCommTarget } from "../cell/commTargets.ts";
import { shielded } from "../cell/shield.ts";
import type { Interpreter, NotebookVariable } from "../interpreter/interpreter.ts";
import { contentsOf, summaryOf, valueAt } from "../interpreter/summary.ts";
import {
  type OpenedMessage,
  type ValueSummary,
  type VariablesMessage,
  variablesTarget,
} from "../protocol/variables.ts";

/** Tells clients of the notebook's variables, over comms that they open: at first, after each cell, and what lies in one. */
export class VariableExplorer {
  readonly #interpreter: Promise<Interpreter>;
  readonly #comms = new Map<string, Comm>();
  #telling = false;
  #again = false;

  constructor(interpreter: Promise<Interpreter>) {
    this.#interpreter = interpreter;
    registerCommTarget(variablesTarget, (comm) => this.#add(comm));
  }

  /** A cell has ended. While one list is on its way, all that change meanwhile make one more. */
  changed(): void {
    if (this.#comms.size === 0) return;
    this.#again = true;
    if (!this.#telling) void this.#tellAll();
  }

  #add(comm: Comm): void {
    this.#comms.set(comm.id, comm);
    comm.onClose(() => {
      if (this.#comms.get(comm.id) === comm) this.#comms.delete(comm.id);
    });
    comm.onMessage(({ data }) => {
      const { open } = data;
      if (Array.isArray(open) && open.length > 0 && open.every((name) => typeof name === "string"))
        void this.#open(comm, open as string[]);
    });
    this.changed();
  }

  async #tellAll(): Promise<void> {
    this.#telling = true;
    while (this.#again) {
      this.#again = false;
      const variables = await this.#variables();
      const list = shielded(() =>
        variables.map(({ name, type, value }): ValueSummary => ({ name, ...summaryOf(value, type) })),
      );
      const message: VariablesMessage = { variables: list };
      for (const comm of this.#comms.values()) comm.send({ data: message });
    }
    this.#telling = false;
  }

  async #open(comm: Comm, path: string[]): Promise<void> {
    const [name, ...rest] = path;
    const variable = (await this.#variables()).find((each) => each.name === name);
    const message: OpenedMessage = { opened: path, ...shielded(() => contentsOf(valueAt(variable?.value, rest))) };
    comm.send({ data: message });
  }

  /** None where the interpreter cannot be loaded: every cell is told why. */
  async #variables(): Promise<NotebookVariable[]> {
    try {
      return await (await this.#interpreter).variables();
    } catch {
      return [];
    }
  }
}
