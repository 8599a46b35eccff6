import type { AnyBlock, BlockLookup } from "./block.ts";
import { FlamingoError } from "./errors.ts";

/** Every block that was defined, by name: what a slot can name. */
const defined = new Map<string, AnyBlock>();

/** Names of the library's blocks. */
const reserved = new Set<string>();

/** Keeps the names of the library's blocks from being taken. */
export function reserveNames(library: readonly AnyBlock[]): void {
  for (const { name } of library) reserved.add(name);
}

/**
 * Makes a definition known by its name. A block that is defined again takes the place of the earlier one, as when a cell is run twice.
 * @throws FlamingoError CONFLICT for the name of one of the library's blocks
 */
export function register<B extends AnyBlock>(definition: B): B {
  const { name } = definition;
  if (reserved.has(name)) {
    const fix = "give the block another name";
    throw new FlamingoError("CONFLICT", `the library has a block "${name}" already`, { block: name, fix });
  }
  defined.set(definition.name, definition);
  return definition;
}

/** A block by its name, among all that were defined. */
export const findBlock: BlockLookup = (name) => defined.get(name);
