import vm from "node:vm";

/** Longer cells go to the compiler. */
const longest = 500;

const number = String.raw`(?:0|[1-9]\d*)(?:\.\d+)?`;
const operand = String.raw`[-+( \t]*${number}[) \t]*`;
const arithmetic = String.raw`${operand}(?:(?:\*\*|[-+*/%])${operand})*`;
const text = String.raw`(?:"[^"\\\r\n]*"|'[^'\\\r\n]*')[ \t]*`;
const value = `(?:${arithmetic}|${text})`;
const call = String.raw`console\.log\((?:${value}(?:,[ \t]*${value})*)?\)`;
const line = new RegExp(`^(?:${value}|${call});?[ \\t]*$`);
/** What would go on with the line before. */
const continuation = /^[-+(*/%]/;

/**
 * Computes a cell of numbers and strings, and of `console.log` of these. No such cell has an error in its types, so that a first
 * one, sent while the compiler starts, need not wait for it.
 * @returns undefined where the cell is anything else
 */
export function evaluateConstants(code: string): { value: unknown } | undefined {
  if (code.length > longest) return undefined;
  const lines = code.split("\n").map((each) => each.trim());
  const isConstant = lines.every((each, index) => line.test(each) && !(index > 0 && continuation.test(each)));
  if (!isConstant) return undefined;
  try {
    return { value: new vm.Script(code).runInThisContext() };
  } catch {
    return undefined; // `-1 ** 2`, or brackets that do not match: the compiler says what is wrong
  }
}
