import { dirname, join, relative } from "node:path";
import ts from "typescript";

/** What every Node that we run on has, by its major version: the types of what it lacks are left out. */
function libraries(major: number): string[] {
  if (major >= 24) return ["lib.esnext.d.ts"];
  const later = ["es2024.string", "es2024.regexp", "es2024.sharedmemory", "esnext.disposable", "esnext.decorators"];
  if (major >= 22)
    later.push("es2024.promise", "es2024.object", "es2024.collection", "es2024.arraybuffer", "esnext.array");
  later.push("esnext.collection", "esnext.iterator");
  return ["lib.es2023.d.ts", ...later.map((name) => `lib.${name}.d.ts`)];
}

/**
 * How cells are compiled where their folder does not say otherwise.
 * @param typeRoot the folder of Node's types, if they are known
 */
export function cellOptions(typeRoot: string | undefined): ts.CompilerOptions {
  const [major = 20] = process.versions.node.split(".").map(Number);
  return {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    lib: libraries(major).filter(isThere),
    types: typeRoot === undefined ? [] : ["node"],
    typeRoots: typeRoot === undefined ? [] : [typeRoot],
    jsx: ts.JsxEmit.ReactJSX,
    allowJs: true,
    resolveJsonModule: true,
    allowImportingTsExtensions: true,
    allowUnreachableCode: true,
    allowUnusedLabels: true,
    preserveConstEnums: true,
    strict: false,
    skipLibCheck: true,
    sourceMap: true,
    // Nothing is written; without it the compiler would refuse to write over what it reads.
    outDir: "/.flamingo-output",
  };
}

function isThere(library: string): boolean {
  return ts.sys.fileExists(join(dirname(ts.sys.getExecutingFilePath()), library));
}

/** Options that mean nothing where no file is written and no project is built, so that nobody has to be told. */
const irrelevant = new Set([
  ...["outDir", "outFile", "rootDir", "rootDirs", "noEmit", "noEmitOnError", "emitDeclarationOnly", "declaration"],
  ...["declarationDir", "declarationMap", "sourceMap", "inlineSourceMap", "inlineSources", "sourceRoot", "mapRoot"],
  ...[
    "incremental",
    "composite",
    "tsBuildInfoFile",
    "removeComments",
    "newLine",
    "pretty",
    "listFiles",
    "stripInternal",
  ],
  ...["importHelpers", "noEmitHelpers", "esModuleInterop", "allowSyntheticDefaultImports", "resolveJsonModule"],
  ...["allowImportingTsExtensions", "rewriteRelativeImportExtensions", "skipLibCheck", "skipDefaultLibCheck"],
  ...["forceConsistentCasingInFileNames", "isolatedModules", "moduleDetection", "allowJs", "preserveConstEnums"],
  ...["noUnusedLocals", "noUnusedParameters", "allowUnreachableCode", "allowUnusedLabels", "configFilePath"],
]);

/** Options that count in cells: what is checked, how names of modules are found, and how JSX and decorators are compiled. */
const counting = new Set([
  ...["strict", "noImplicitAny", "strictNullChecks", "strictFunctionTypes", "strictBindCallApply", "noImplicitThis"],
  ...["strictPropertyInitialization", "strictBuiltinIteratorReturn", "useUnknownInCatchVariables", "checkJs"],
  ...["exactOptionalPropertyTypes", "noUncheckedIndexedAccess", "noImplicitOverride", "noImplicitReturns"],
  ...["noFallthroughCasesInSwitch", "noPropertyAccessFromIndexSignature", "noUncheckedSideEffectImports"],
  ...["noStrictGenericChecks", "suppressImplicitAnyIndexErrors", "useDefineForClassFields"],
  ...["paths", "baseUrl", "pathsBasePath", "customConditions", "resolvePackageJsonExports", "moduleSuffixes"],
  ...["resolvePackageJsonImports", "jsx", "jsxFactory", "jsxFragmentFactory", "jsxImportSource"],
  ...["experimentalDecorators", "emitDecoratorMetadata", "lib", "types", "ignoreDeprecations"],
]);

/** What a folder's own tsconfig.json says, as far as it counts in cells. */
export interface FolderOptions {
  options: ts.CompilerOptions;
  /** What a person is told once: what is wrong with the file, and what of it does not count. */
  notes: string[];
}

/**
 * Reads the tsconfig.json of a folder, or of the nearest folder above that has one, with what it extends.
 * @param own the library's root, whose tsconfig.json is for its sources and not for notebooks
 */
export function readFolderOptions(folder: string, own?: string): FolderOptions {
  const file = ts.findConfigFile(folder, ts.sys.fileExists);
  if (!file || dirname(file) === own) return { options: {}, notes: [] };
  const name = relative(folder, file);
  const parsed = parseConfig(file);
  if (typeof parsed === "string") return { options: {}, notes: [`${name} is not read: ${parsed}`] };
  const noInputs = 18003;
  const wrong = parsed.errors.filter(({ code }) => code !== noInputs);
  const notes = wrong.map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
  const options: ts.CompilerOptions = {};
  const without: string[] = [];
  for (const [name, value] of Object.entries(parsed.options)) {
    if (counting.has(name)) options[name] = value;
    else if (!irrelevant.has(name)) without.push(name);
  }
  if (options.jsx === ts.JsxEmit.Preserve || options.jsx === ts.JsxEmit.ReactNative) delete options.jsx;
  if (without.length > 0)
    notes.push(`${name}: no effect in cells: ${without.sort().join(", ")}; cells are ES modules for Node`);
  return { options, notes };
}

/** @returns why it cannot be read, where TypeScript fails at it, as at thousands of brackets */
function parseConfig(file: string): ts.ParsedCommandLine | string {
  const host: ts.ParseConfigHost = { ...ts.sys, readDirectory: () => [] };
  try {
    const { config, error } = ts.readConfigFile(file, ts.sys.readFile);
    const parsed = ts.parseJsonConfigFileContent(config ?? {}, host, dirname(file), undefined, file);
    return { ...parsed, errors: [...(error ? [error] : []), ...parsed.errors] };
  } catch (thrown) {
    return (thrown as Error).message;
  }
}
