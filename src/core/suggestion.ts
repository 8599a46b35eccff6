/**
 * How to mend a name that there is not: the name that it was probably meant to be, where one is similar, and what else to do.
 *
 * Similar are names at an edit distance of a third of the name at most; swapped neighbours count as one edit. Of a path only the last part
 * counts, without its ending.
 *
 * @param otherwise what to do, as an error's `fix` says it
 * @see Damerau 1964, A technique for computer detection and correction of spelling errors
 */
export function suggestion(name: string, names: readonly string[], otherwise: string): string {
  const given = stemOf(name);
  const [nearest] = names
    .map((each) => ({ each, stem: stemOf(each) }))
    .map(({ each, stem }) => ({
      each,
      length: Math.max(given.length, stem.length),
      distance: editDistance(given, stem),
    }))
    .filter(({ length, distance }) => distance < length && distance <= Math.max(1, length / 3))
    .sort((a, b) => a.distance - b.distance);
  return nearest ? `did you mean ${nearest.each}? If not, ${otherwise}` : otherwise;
}

/** `captions` of `runs/Captions.json`. */
function stemOf(path: string): string {
  return path
    .toLowerCase()
    .replace(/^.*[/\\](?=.)/, "")
    .replace(/\.[a-z]+$/, "");
}

/** How many letters must be inserted, removed, replaced or swapped with their neighbour to make one word of the other. */
function editDistance(a: string, b: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          last![column]! + 1,
          current[column - 1]! + 1,
          last![column - 1]! + (isSame ? 0 : 1),
          isSwapped ? beforeLast![column - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last![b.length]!;
}
