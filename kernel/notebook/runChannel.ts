import type { AnyChannel } from "../../src/channels/channel.ts";
import { channels } from "../../src/channels/channels.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { type ChannelName, channelFigure, type ViewOf } from "../../src/runs/channelFigure.ts";
import type { ChannelStates, RunState } from "../../src/runs/state.ts";
import { NotebookFigure } from "../display/notebookFigure.ts";

/** One kind of thing that is watched in a run: its values as they are in the run's state, as a plot, and as a table. */
export class RunChannel<Name extends ChannelName = ChannelName> {
  readonly name: Name;
  readonly #run: () => RunState;

  constructor(name: Name, run: () => RunState) {
    this.name = name;
    this.#run = run;
  }

  /** What the run's log has of it. */
  get state(): ChannelStates[Name] {
    return this.#run().channels[this.name];
  }

  /**
   * Its figure, the same as in the studio.
   *
   * @example
   * run.channels.loss.plot({ log: true, smoothing: 0.9 })
   * @throws FlamingoError NOT_FOUND while it has no value; USAGE for a channel that is a table
   */
  plot(view: ViewOf<Name> = {}): NotebookFigure {
    const figure = channelFigure(this.#run(), this.name, view);
    if (figure) return new NotebookFigure({ ...figure, revision: this.name });
    const { figure: has } = this.#definition;
    if (!has)
      throw new FlamingoError("USAGE", `the channel "${this.name}" has no plot`, {
        fix: `show it as a table: run.channels.${this.name}.table()`,
      });
    throw new FlamingoError("NOT_FOUND", `the run has no values of "${this.name}"`, {
      fix: "let it train for a while",
    });
  }

  /** Its values as rows, as they are exported: `flamingo log RUN --channel NAME --csv`. */
  table(): Record<string, string | number>[] {
    const { columns, rows } = this.#definition.table(this.state);
    return rows.map((row: readonly (string | number)[]) =>
      Object.fromEntries(columns.map((column: string, index: number) => [column, row[index]!])),
    );
  }

  get #definition(): AnyChannel {
    return channels.find(({ name }) => name === this.name) as unknown as AnyChannel;
  }
}

export type RunChannels = { [Name in ChannelName]: RunChannel<Name> };

/** Every channel of a run, by its name. */
export function runChannels(run: () => RunState): RunChannels {
  return Object.fromEntries(channels.map(({ name }) => [name, new RunChannel(name, run)])) as unknown as RunChannels;
}
