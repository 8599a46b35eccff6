import type { Shields } from "../cell/shield.ts";

/** The words of memory that both threads see. */
const words = {
  interruption: 0,
  unsent: 1,
  closed: 2,
  shields: 3,
  raised: 4,
  loading: 5,
  heeding: 6,
  endings: 7,
  answers: 8,
} as const;

/**
 * How far an interrupt has come: nobody asked, asked, taken up by the thread that runs cells until what it runs has ended, or
 * forced.
 */
export const interruption = { none: 0, asked: 1, takenUp: 2, forced: 3 } as const;

/** Messages on their way to the sockets, from which on whoever prints more must wait. */
const mostUnsent = 20_000;

/** What two threads must agree on at once, while one of them may be busy for ever. */
export class Shared implements Shields {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** @param memory at least 36 bytes, all 0 at first */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  get interruption(): number {
    return Atomics.load(this.#words, words.interruption);
  }

  set interruption(state: number) {
    Atomics.store(this.#words, words.interruption, state);
    Atomics.notify(this.#words, words.interruption);
  }

  /** Moves the interrupt on, unless the other thread did; says whether. */
  moveInterruption(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, words.interruption, from, to) === from;
  }

  /** Holds this thread while an interrupt is being forced, so that it hits nothing else. */
  awaitForcedInterruption(): void {
    while (this.interruption === interruption.forced)
      Atomics.wait(this.#words, words.interruption, interruption.forced, 100);
  }

  /** Counts a message on its way to the sockets, and holds this thread while there are too many. */
  addUnsent(): void {
    if (Atomics.add(this.#words, words.unsent, 1) < mostUnsent) return;
    for (let unsent = mostUnsent; unsent > mostUnsent / 2 && !this.closed; unsent = this.#unsent())
      Atomics.wait(this.#words, words.unsent, unsent, 10);
  }

  removeUnsent(): void {
    const before = Atomics.sub(this.#words, words.unsent, 1);
    if (before === mostUnsent / 2) Atomics.notify(this.#words, words.unsent);
  }

  #unsent(): number {
    return Atomics.load(this.#words, words.unsent);
  }

  /** Counted first and looked at then, while the other thread does the reverse: so one of the two sees the other. */
  raise(): void {
    while (Atomics.add(this.#words, words.shields, 1) === 0 && this.interruption === interruption.forced) {
      this.lower();
      this.awaitForcedInterruption();
    }
    Atomics.add(this.#words, words.raised, 1);
  }

  lower(): void {
    Atomics.sub(this.#words, words.shields, 1);
  }

  /** A cell has ended: an interrupt that is forced from now on is not for it. */
  end(): void {
    this.raise();
    Atomics.add(this.#words, words.endings, 1);
    this.lower();
  }

  /** How many cells have ended. */
  get endings(): number {
    return Atomics.load(this.#words, words.endings);
  }

  /** To be called when nothing runs: takes away what terminated code has left. */
  clearShields(): void {
    Atomics.store(this.#words, words.shields, 0);
  }

  count(work: "loading" | "heeding", change: 1 | -1): void {
    Atomics.add(this.#words, words[work], change);
  }

  /** Whether something runs that must not be terminated half-way. */
  get shielded(): boolean {
    return Atomics.load(this.#words, words.shields) > 0;
  }

  /** How many such things have begun. */
  get raised(): number {
    return Atomics.load(this.#words, words.raised);
  }

  /** Whether modules load. */
  get loading(): boolean {
    return Atomics.load(this.#words, words.loading) > 0;
  }

  /** Whether work is under way that ends by itself when its cell is interrupted. */
  get heeding(): boolean {
    return Atomics.load(this.#words, words.heeding) > 0;
  }

  /** How many answers have come for a cell that waits without letting go of its thread. */
  get answers(): number {
    return Atomics.load(this.#words, words.answers);
  }

  addAnswer(): void {
    Atomics.add(this.#words, words.answers, 1);
    Atomics.notify(this.#words, words.answers);
  }

  /** Holds this thread until there are more answers than so many, for a while. */
  awaitAnswer(known: number): void {
    Atomics.wait(this.#words, words.answers, known, 1_000);
  }

  get closed(): boolean {
    return Atomics.load(this.#words, words.closed) === 1;
  }

  setClosed(): void {
    Atomics.store(this.#words, words.closed, 1);
    Atomics.notify(this.#words, words.closed);
  }

  /** Holds this thread until the sockets are closed. @returns whether they are */
  awaitClosed(milliseconds: number): boolean {
    return Atomics.wait(this.#words, words.closed, 0, milliseconds) !== "timed-out";
  }
}
