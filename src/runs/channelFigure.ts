import type { AnyChannel, Card, CardNode } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import type { Figure } from "../figures/figure.ts";
import type { RunState } from "./state.ts";

export type ChannelName = (typeof channels)[number]["name"];

/** What a person can choose of a channel's figure. */
export type ViewOf<Name extends ChannelName> = Partial<Parameters<FigureOf<Name>>[1]>;
type FigureOf<Name extends ChannelName> = NonNullable<Extract<(typeof channels)[number], { name: Name }>["figure"]>;

/**
 * A channel of a run as a figure; undefined while there is nothing to show, or for a channel that has none.
 * @param zoom the steps that are looked at: lines have as many points there as they have of all steps
 */
export function channelFigure(
  run: RunState,
  name: string,
  view: object = {},
  zoom?: readonly [number, number],
): Figure | undefined {
  const channel = channels.find((each) => each.name === name) as AnyChannel | undefined;
  if (!channel?.figure) return undefined;
  const state: unknown = run.channels[name as ChannelName];
  return channel.figure(state, channel.view?.parse(view) ?? {}, { step: run.step, steps: run.steps, zoom });
}

/** The small figures of a run that belong on a node's card. */
export function nodeCards(run: RunState, node: CardNode): Card[] {
  return (channels as readonly AnyChannel[]).flatMap(
    ({ name, card }) => card?.(run.channels[name as ChannelName], node, run) ?? [],
  );
}
