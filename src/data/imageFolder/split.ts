import { Random } from "../../core/random.ts";

/** A set divided in two. */
export interface Split<T> {
  train: T[];
  heldOut: T[];
}

/**
 * Divides files into those to train on and those to hold out.
 *
 * Each file's place depends on its name alone, not on the run's seed or on its neighbours: an image that was held out
 * once is not trained on after others were added. At least one file is
 * trained on, and with two or more at least one is held out, unless the share is 0.
 *
 * @param share how many to hold out, from 0 to 1
 */
export function splitByName<T extends { file: string }>(files: readonly T[], share: number): Split<T> {
  const drawn = files.map((item) => ({
    item,
    draw: drawOf(item.file),
  }));
  const order = [...drawn].sort((a, b) => a.draw - b.draw);
  const below = order.filter(({ draw }) => draw < share).length;
  const count = Math.min(Math.max(below, share > 0 ? 1 : 0), files.length - 1);
  const heldOut = new Set(order.slice(0, count));
  return {
    train: drawn.filter((each) => !heldOut.has(each)).map(({ item }) => item),
    heldOut: drawn.filter((each) => heldOut.has(each)).map(({ item }) => item),
  };
}

/** The number in [0, 1) that decides on which side of a split a name falls. */
export function drawOf(name: string): number {
  return new Random(2204).fork("split").fork(name.normalize("NFC")).uniform();
}
