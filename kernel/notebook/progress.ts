import { randomUUID } from "node:crypto";
import { printSeconds } from "../../src/core/duration.ts";
import { formatCount } from "../../src/figures/numbers.ts";
import { currentCell } from "../cell/cell.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import { box, escapeHtml, inks } from "../display/html.ts";

/** In milliseconds: between two updates, before the first one, and the time below which no remaining time is estimated. */
const interval = 300;
const patience = 600;
const short = 10_000;

/** A progress bar below the cell, with the remaining time. Work that ends before the first update shows none. */
export class ProgressBar {
  readonly #cell = currentCell();
  readonly #id = randomUUID();
  readonly #label: string;
  readonly #total: number;
  readonly #start = performance.now();
  #done = 0;
  #drawn = 0;
  #shown = false;

  constructor(total: number, label: string) {
    this.#total = total;
    this.#label = label;
  }

  /** Adds to the count of what is done. */
  step(count = 1): void {
    this.#done += count;
    const now = performance.now();
    const due = now - this.#start >= patience && now - this.#drawn >= interval;
    if (due || (this.#shown && this.#done >= this.#total)) this.#draw(now);
  }

  /** Leaves the bar as it is, with the time that it took, and stopped where something is left. */
  end(): void {
    if (this.#shown) this.#draw(performance.now(), true);
  }

  // Drawn at once, not in a timer's time: a loop that never waits leaves no time for timers.
  #draw(now: number, ended = this.#done >= this.#total): void {
    this.#drawn = now;
    const bundle = this.#bundle(now - this.#start, ended);
    if (this.#shown) this.#cell?.updateDisplay(bundle, this.#id);
    else this.#cell?.display(bundle, this.#id);
    this.#shown = true;
  }

  #bundle(spent: number, ended: boolean): MimeBundle {
    const share = Math.min(1, this.#total > 0 ? this.#done / this.#total : 1);
    const left = (spent / Math.max(1, this.#done)) * (this.#total - this.#done);
    const count = `${formatCount(this.#done)} of ${formatCount(this.#total)}`;
    const complete = this.#done >= this.#total;
    const time = ended
      ? `${complete ? "in" : "stopped after"} ${printSeconds(spent / 1000)}`
      : spent + left >= short
        ? `${printSeconds(left / 1000)} left`
        : "";
    const ink = !ended ? inks.pink : complete ? inks.good : inks.muted;
    const words = [...(this.#label ? [this.#label] : []), count, ...(time ? [time] : [])].join(" · ");
    const bar =
      `<div style="height: 4px; border-radius: 2px; background: ${inks.faint}; max-width: 480px; margin-top: 4px">` +
      `<div style="height: 4px; border-radius: 2px; width: ${(share * 100).toFixed(1)}%; background: ${ink}"></div></div>`;
    const filled = Math.round(share * 30);
    return {
      data: {
        "text/html": box(`<span style="font-variant-numeric: tabular-nums">${escapeHtml(words)}</span>${bar}`),
        "text/plain": `${"█".repeat(filled)}${"░".repeat(30 - filled)} ${words}`,
      },
    };
  }
}

/** Iterables with a known length: arrays, sets, maps. */
type Counted<Item> = Iterable<Item> & ({ readonly length: number } | { readonly size: number });

/**
 * Iterates with a progress bar, or makes a bar for work that the caller counts.
 *
 * @example
 * for (const label of flamingo.progress(labels, "captioning")) { ... }
 * const bar = flamingo.progress(1000, "steps"); bar.step(); bar.end();
 */
export function progress(total: number, label?: string): ProgressBar;
export function progress<Item>(items: Counted<Item>, label?: string): Iterable<Item>;
export function progress<Item>(things: number | Counted<Item>, label = ""): ProgressBar | Iterable<Item> {
  if (typeof things === "number") return new ProgressBar(things, label);
  const { length, size } = things as { length?: number; size?: number };
  return counted(things, new ProgressBar(length ?? size ?? 0, label));
}

function* counted<Item>(items: Iterable<Item>, bar: ProgressBar): Iterable<Item> {
  try {
    for (const item of items) {
      yield item;
      bar.step();
    }
  } finally {
    bar.end();
  }
}
