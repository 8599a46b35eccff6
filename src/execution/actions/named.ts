import { FlamingoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggestion.ts";

/**
 * Those of the given names, in their own order; all of them where no name is given.
 * @param what what one of them is: `metric`
 * @param block id of the node that has the names in its configuration
 * @throws FlamingoError NOT_FOUND for a name that none of them has
 */
export function named<T extends { name: string }>(
  all: readonly T[],
  names: readonly string[],
  what: string,
  block: string,
): readonly T[] {
  const unknown = names.find((name) => !all.some((each) => each.name === name));
  if (unknown === undefined) return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  const known = all.map(({ name }) => name);
  const fix = suggestion(unknown, known, `use one of: ${known.join(", ")}`);
  throw new FlamingoError("NOT_FOUND", `there is no ${what} "${unknown}"`, { block, fix });
}
