/**
 * How byte-level BPE divides a text before it merges: a word with the space before it, a number, other signs, white space.
 * @see Radford et al. 2019, GPT-2
 */
const pieces = /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The signs that stand for the 256 bytes in a tokenizer.json: printable bytes for themselves, the others for signs from 256 up. */
export const byteSigns: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const isPrintable = (at: number) => (at >= 33 && at <= 126) || (at >= 161 && at <= 255 && at !== 173);
  if (isPrintable(byte)) return String.fromCharCode(byte);
  const before = Array.from({ length: byte }, (_, at) => at).filter((at) => !isPrintable(at)).length;
  return String.fromCharCode(256 + before);
});

/** Two signs that BPE makes one of. */
export type Merge = readonly [string, string];

/**
 * Learns the merges of a byte-level BPE: again and again the pair of neighbours that is most frequent becomes one sign. Of pairs that
 * are equally frequent, the first in the order of their signs is taken, so that the same texts give the same merges.
 *
 * @param texts each with how often it counts
 * @returns at most `most` merges, in order; fewer where no pair is left that occurs twice
 * @see Sennrich et al. 2016, arXiv:1508.07909
 */
export function learnMerges(texts: Iterable<readonly [string, number]>, most: number): Merge[] {
  const words = countPieces(texts);
  const pairs = new Map<string, { merge: Merge; count: number; words: Set<Word> }>();
  const count = (word: Word, sign: 1 | -1) => {
    for (let at = 0; at + 1 < word.signs.length; at++) {
      const merge = [word.signs[at]!, word.signs[at + 1]!] as const;
      const key = merge.join(" ");
      const pair = pairs.get(key) ?? { merge, count: 0, words: new Set() };
      pair.count += sign * word.count;
      if (sign > 0) pair.words.add(word);
      if (pair.count > 0) pairs.set(key, pair);
      else pairs.delete(key);
    }
  };
  for (const word of words) count(word, 1);
  const merges: Merge[] = [];
  while (merges.length < most) {
    let [best, bestKey] = [undefined as { merge: Merge; count: number; words: Set<Word> } | undefined, ""];
    for (const [key, pair] of pairs)
      if (!best || pair.count > best.count || (pair.count === best.count && key < bestKey))
        [best, bestKey] = [pair, key];
    if (!best || best.count < 2) break;
    merges.push(best.merge);
    for (const word of best.words) {
      count(word, -1);
      word.signs = merged(word.signs, best.merge);
      count(word, 1);
    }
  }
  return merges;
}

interface Word {
  signs: readonly string[];
  count: number;
}

/** Each piece once, as the signs of its bytes. Every text begins with a space, as the tokenizer puts one before it. */
function countPieces(texts: Iterable<readonly [string, number]>): Word[] {
  const counts = new Map<string, number>();
  for (const [text, weight] of texts)
    for (const [piece] of ` ${text}`.matchAll(pieces)) counts.set(piece, (counts.get(piece) ?? 0) + weight);
  return [...counts].map(([piece, count]) => ({
    signs: [...Buffer.from(piece)].map((byte) => byteSigns[byte]!),
    count,
  }));
}

function merged(signs: readonly string[], [first, second]: Merge): string[] {
  const result: string[] = [];
  for (let at = 0; at < signs.length; at++) {
    const isPair = signs[at] === first && signs[at + 1] === second;
    result.push(isPair ? first + second : signs[at]!);
    if (isPair) at++;
  }
  return result;
}
