import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { FlamingoError } from "../../core/errors.ts";

/** Files that braces may stand for; more is a slip. */
const mostPaths = 100_000;

/**
 * The files that a text names: a path; with braces several, as WebDataset writes them (`train-{0000..0012}.tar`, `{train,extra}.tar`); or a
 * folder, whose files with an ending are taken in order of their names.
 *
 * @throws FlamingoError NOT_FOUND for a folder without such files; INVALID_DATA for braces that stand for too many
 */
export function shardPaths(text: string, ending: string): string[] {
  const paths = expandBraces(text, text).map((path) => resolve(path));
  return paths.flatMap((path) => {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
    const files = readdirSync(path).filter((name) => name.toLowerCase().endsWith(ending));
    if (files.length > 0) return files.sort().map((name) => join(path, name));
    const fix = `name a folder that holds ${ending} files, or one of the files`;
    throw new FlamingoError("NOT_FOUND", `${path} holds no ${ending} files`, { source: path, fix });
  });
}

function expandBraces(text: string, whole: string): string[] {
  const [braces, inside] = /\{([^{}]*)\}/.exec(text) ?? [];
  if (braces === undefined) return [text];
  const at = text.indexOf(braces);
  const [before, after] = [text.slice(0, at), text.slice(at + braces.length)];
  const choices = choicesOf(inside!, whole);
  if (choices.length === 0) return [text];
  const rest = expandBraces(after, whole);
  if (choices.length * rest.length > mostPaths) throw tooMany(whole);
  return choices.flatMap((choice) => rest.map((end) => before + choice + end));
}

/** `000..012`, with as many digits, or `a,b`. */
function choicesOf(inside: string, whole: string): string[] {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(inside) ?? [];
  if (first === undefined || last === undefined) return inside.includes(",") ? inside.split(",") : [];
  const [from, to] = [Number(first), Number(last)];
  if (Math.abs(to - from) >= mostPaths) throw tooMany(whole);
  const step = to < from ? -1 : 1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, at) =>
    String(from + step * at).padStart(first.length, "0"),
  );
}

function tooMany(text: string): FlamingoError {
  return new FlamingoError("INVALID_DATA", `${text} stands for more than ${mostPaths} files`, {
    source: text,
    fix: "name fewer",
  });
}
