/** Before the name of each global of the module that holds the number of a function. */
export const numberPrefix = "number_of_";

/**
 * AssemblyScript of `perform(operation)`, which calls a function of `kernels/` by its number, and of the numbers by name. Callable are
 * all exported functions without parameters and result: they take their arguments from the control block.
 *
 * @param files the sources in `kernels/` by file name
 */
export function dispatchSource(files: ReadonlyMap<string, string>): string {
  const imports: string[] = [];
  const names: string[] = [];
  for (const [file, text] of files) {
    if (file === "index.ts") continue;
    const found = [...text.matchAll(/^export function (\w+)\(\): void/gm)].map(([, name]) => name!);
    if (found.length > 0) imports.push(`import { ${found.join(", ")} } from "./${file.replace(/\.ts$/, "")}";`);
    names.push(...found);
  }
  const numbers = names.map((name, at) => `export const ${numberPrefix}${name}: i32 = ${at + 1};`);
  const cases = names.map((name, at) => `    case ${at + 1}: return ${name}();`);
  return `${imports.join("\n")}
${numbers.join("\n")}
export function perform(operation: i32): void {
  switch (operation) {
${cases.join("\n")}
  }
}
`;
}
