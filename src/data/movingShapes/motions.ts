/** What changes over a video's frames. */
type Change = "x" | "y" | "radius";

/** A way to move: what changes, in which order, and how a caption says it. */
export interface Motion {
  change: Change;
  /** Whether the change begins at its end. */
  backwards: boolean;
  /** Whether it comes back to where it began. */
  returns: boolean;
  words: string;
}

/** What each change is called, forwards and backwards. */
const words: Record<Change, readonly [string, string]> = {
  x: ["moves right", "moves left"],
  y: ["moves down", "moves up"],
  radius: ["grows", "shrinks"],
};

/**
 * The motions. Four of them have the same frames each, in another order: there, back, there and back, and back and there. So neither
 * the first frame nor all frames without their order tell which it is.
 */
export const motions: readonly Motion[] = (Object.keys(words) as Change[]).flatMap((change) =>
  [false, true].flatMap((returns) =>
    [false, true].map((backwards) => {
      const said = words[change][backwards ? 1 : 0];
      return { change, backwards, returns, words: returns ? `${said} and back` : said };
    }),
  ),
);

/**
 * How far a motion is at each frame, from 0 to 1. Every motion visits the same places, each once: one that returns takes every second
 * on its way and the others on its way back.
 */
export function progressOf({ backwards, returns }: Motion, frames: number): number[] {
  const places = Array.from({ length: frames }, (_, place) => place);
  const order = returns
    ? [...places.filter((place) => place % 2 === 0), ...places.filter((place) => place % 2 === 1).reverse()]
    : places;
  const last = Math.max(1, frames - 1);
  return order.map((place) => (backwards ? last - place : place) / last);
}
