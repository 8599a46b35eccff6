import type { ChildProcess } from "node:child_process";
import { FlamingoError } from "../../src/core/errors.ts";
import { forkModule } from "../../src/package/forkModule.ts";
import type { Home } from "../../src/runs/home.ts";
import type { InspectorAnswer, InspectorMessage, InspectorQuestions } from "./inspectorProcess.ts";

export interface InspectorOptions {
  home: Home;
  /** The module that an inspecting process loads. */
  inspector: string;
}

/** Milliseconds after which a process that nobody asks gives its memory back. */
const idle = 5 * 60_000;

type Settle = { resolve(answer: unknown): void; reject(error: Error): void };

/** A process that holds the model of a run. */
interface Held {
  folder: string;
  child: ChildProcess;
  waiting: Map<number, Settle>;
  timer?: NodeJS.Timeout;
}

/**
 * Asks trained models what they say under an intervention, and how they come to it. The model of the run that was asked about last stays loaded, in a process of
 * its own, until another is asked about, or nobody asks for a while.
 */
export class Inspectors {
  readonly #options: InspectorOptions;
  #held: Held | undefined;
  #next = 0;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  /** @throws FlamingoError as `InspectedRun`; INTERNAL if the process ends */
  ask<Kind extends keyof InspectorQuestions>(
    folder: string,
    kind: Kind,
    request: InspectorQuestions[Kind]["request"],
  ): Promise<InspectorQuestions[Kind]["answer"]> {
    const held = this.#hold(folder);
    clearTimeout(held.timer);
    held.timer = setTimeout(() => this.#end(held), idle).unref();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      held.waiting.set(id, { resolve: resolve as Settle["resolve"], reject });
      held.child.send({ id, folder, kind, request } as InspectorMessage);
    });
  }

  close(): void {
    if (this.#held) this.#end(this.#held);
  }

  #hold(folder: string): Held {
    if (this.#held?.folder === folder) return this.#held;
    this.close();
    const { home, inspector } = this.#options;
    const child = forkModule(inspector, {
      env: { FLAMINGO_HOME: home.folder },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const held: Held = { folder, child, waiting: new Map() };
    child.on("message", (answer: InspectorAnswer) => {
      const settle = held.waiting.get(answer.id);
      held.waiting.delete(answer.id);
      if ("value" in answer) settle?.resolve(answer.value);
      else settle?.reject(fault(answer.error));
    });
    const ended = () => {
      if (this.#held === held) this.#held = undefined;
      const message = "the process that holds the model ended; most often the memory was not enough";
      for (const { reject } of held.waiting.values())
        reject(new FlamingoError("INTERNAL", message, { fix: "try again, or use a smaller model" }));
    };
    child.once("exit", ended);
    child.once("error", ended);
    this.#held = held;
    return held;
  }

  #end(held: Held): void {
    clearTimeout(held.timer);
    if (this.#held === held) this.#held = undefined;
    held.child.kill("SIGKILL");
  }
}

function fault({ code, message, ...details }: Extract<InspectorAnswer, { error: unknown }>["error"]): FlamingoError {
  return new FlamingoError(code, message, details);
}
