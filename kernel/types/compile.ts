import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import type { Catalog } from "../../src/core/catalog.ts";
import { makeFolderSync } from "../../src/files/makeFolder.ts";
import { documented } from "./documented.ts";

/**
 * Compiles the library's declarations for notebooks, with the catalog's facts in the doc comments of what it lists.
 * @param root the repository
 * @param entry the module that notebooks import
 * @param folder gets the files, laid out as the sources are
 */
export function compileDeclarations(root: string, entry: string, catalog: Catalog, folder: string): void {
  const program = ts.createProgram([entry], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: ["node"],
    typeRoots: [dirname(dirname(createRequire(import.meta.url).resolve("@types/node/package.json")))],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: folder,
  });
  const write: ts.WriteFileCallback = (name, text) => {
    makeFolderSync(dirname(name));
    writeFileSync(name, documented(withLightZod(text, name, folder), catalog));
  };
  // The last parameter, which the compiler keeps internal: to write also where a declaration is in error.
  const emit = program.emit as (...args: [...Parameters<ts.Program["emit"]>, boolean]) => ts.EmitResult;
  emit(undefined, write, undefined, true, undefined, true);
  writeFileSync(join(folder, "zod.d.ts"), readFileSync(join(import.meta.dirname, "zod.d.ts")));
}

function withLightZod(text: string, name: string, folder: string): string {
  const path = relative(dirname(name), join(folder, "zod.d.ts")).replaceAll("\\", "/");
  const light = path.startsWith(".") ? path : `./${path}`;
  return text
    .replace(/import (?:type )?\{ z \} from "zod"/g, `import * as z from "${light}"`)
    .replaceAll('import("zod")', `import("${light}")`)
    .replaceAll('import("zod/v4/core")', `import("${light}").core`);
}
