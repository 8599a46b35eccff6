import type { AnyChannel } from "./channel.ts";
import * as byName from "./index.ts";

type Listed = (typeof byName)[keyof typeof byName];

/** The order of a channel that has none of its own. */
const last = 100;

/** Every channel, in the order of their panels. */
export const channels: readonly Listed[] = Object.values(byName).sort((a: AnyChannel, b: AnyChannel) => {
  return (a.order ?? last) - (b.order ?? last) || a.name.localeCompare(b.name);
});
