/** A text that is being generated or has ended, with the log-probability of all its tokens. */
interface Candidate {
  tokens: readonly number[];
  score: number;
}

/** A step of a search: each beam continues one of those before by a token. */
export interface BeamStep {
  from: number[];
  tokens: number[];
}

/**
 * The beams of one prompt: the likeliest open texts, and the best of those that have ended.
 *
 * Ended texts compete by log-probability / length^penalty, with their tokens and the end counted. The search is done when as
 * many have ended as there are beams, and no open one is better than the worst of them.
 *
 * @see Wu et al. 2016 (length penalty), arXiv:1609.08144; OpenFlamingo v2.0.1, which searches with 3 beams
 */
export class BeamSearch {
  readonly #penalty: number;
  readonly #ends: readonly number[];
  readonly #ended: Candidate[] = [];
  #open: Candidate[];
  #done = false;

  /** @param ends the tokens that end a text */
  constructor(beams: number, penalty: number, ends: readonly number[]) {
    this.#penalty = penalty;
    this.#ends = ends;
    // All beams start alike: only the first is continued, or each would find the same texts.
    this.#open = Array.from({ length: beams }, (_, beam) => ({ tokens: [], score: beam === 0 ? 0 : -1e9 }));
  }

  /** Log-probability of each open text. */
  get scores(): number[] {
    return this.#open.map(({ score }) => score);
  }

  get done(): boolean {
    return this.#done;
  }

  /**
   * Takes the best continuations, from the best down: beam, next token, and log-probability of the whole text. As many as
   * beams, and once more as many for each token that ends a text, are enough.
   */
  advance(ways: readonly { beam: number; token: number; score: number }[]): BeamStep {
    const beams = this.#open.length;
    const step: BeamStep = { from: [], tokens: [] };
    const next: Candidate[] = [];
    for (const [rank, { beam, token, score }] of ways.entries()) {
      const { tokens } = this.#open[beam]!;
      if (this.#ends.includes(token)) {
        if (rank < beams) this.#finish(tokens, score, tokens.length + 1);
        continue;
      }
      next.push({ tokens: [...tokens, token], score });
      step.from.push(beam);
      step.tokens.push(token);
      if (next.length === beams) break;
    }
    const length = this.#open[0]!.tokens.length + 1;
    const best = Math.max(...ways.map(({ score }) => score));
    this.#open = next;
    this.#done = this.#ended.length >= beams && this.#ended.at(-1)!.score >= best / length ** this.#penalty;
    return step;
  }

  /** The best text: one that ended, or one that was cut off. */
  best(): { tokens: number[]; score: number } {
    if (!this.#done) for (const { tokens, score } of this.#open) this.#finish(tokens, score, tokens.length);
    const { tokens, score } = this.#ended[0]!;
    return { tokens: [...tokens], score };
  }

  #finish(tokens: readonly number[], score: number, length: number): void {
    const candidate = { tokens, score: score / Math.max(1, length) ** this.#penalty };
    const place = this.#ended.findIndex((other) => candidate.score > other.score);
    this.#ended.splice(place < 0 ? this.#ended.length : place, 0, candidate);
    this.#ended.length = Math.min(this.#ended.length, this.#open.length || 1);
  }
}
