import { join } from "node:path";
import ts from "typescript";

/** What the package runs: not the page, which is bundled. */
const compiled = ["src", "kernel", "editor/server", "editor/shared"];
/** What only a checkout runs, or what is compiled otherwise. */
const excluded = [
  "src/build",
  "src/engine/devices/wasm/kernels",
  "kernel/bundle",
  "kernel/types/build.ts",
  "kernel/types/compile.ts",
];

/**
 * Compiles the package's TypeScript to JavaScript, with source maps that hold the source. It checks no types: `npm run
 * check` does.
 * @param root the checkout
 * @param folder gets the files, laid out as the sources are
 * @throws Error with the compiler's messages
 */
export function compileSources(root: string, folder: string): void {
  const { fileNames, options } = configuration(root, folder);
  const program = ts.createProgram(fileNames, {
    ...options,
    sourceMap: true,
    inlineSources: true,
    removeComments: true, // the source in the map has them
  });
  const { diagnostics } = program.emit(undefined, (file, text) => {
    // A checkout builds its page by a module that is imported at need.
    if (!/^editor\/(build|vite\.config)\./.test(file.slice(folder.length + 1))) ts.sys.writeFile(file, text);
  });
  throwAll(diagnostics);
}

/** Writes the declarations of what the library exports. */
export function declareLibrary(root: string, folder: string): void {
  const { options } = configuration(root, folder);
  const program = ts.createProgram([join(root, "src/index.ts")], {
    ...options,
    declaration: true,
    emitDeclarationOnly: true,
  });
  const written = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (file, text) => written.set(file, importingJavaScript(text)));
  throwAll(diagnostics);
  const needed = new Set([join(folder, "src/index.d.ts")]);
  // It grows while it is walked.
  for (const file of needed) {
    const text = written.get(file)!;
    ts.sys.writeFile(file, text);
    for (const [, path] of text.matchAll(/"(\.[^"]*)\.js"/g)) needed.add(join(file, "..", `${path}.d.ts`));
  }
}

function configuration(root: string, folder: string) {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  return ts.parseJsonConfigFileContent({ ...config, include: compiled, exclude: excluded }, ts.sys, root, {
    noEmit: false,
    noCheck: true,
    rewriteRelativeImportExtensions: true,
    rootDir: root,
    outDir: folder,
  });
}

/** The compiler leaves declarations importing "./x.ts", which is not in the package. */
function importingJavaScript(declarations: string): string {
  return declarations.replace(/(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"');
}

function throwAll(diagnostics: readonly ts.Diagnostic[]): void {
  const messageOf = ({ file, messageText }: ts.Diagnostic) =>
    `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  if (diagnostics.length > 0) throw new Error(diagnostics.map(messageOf).join("\n"));
}
