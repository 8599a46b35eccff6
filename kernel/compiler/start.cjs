// The compiler's process. Plain JavaScript, for it runs by itself, and also where a snapshot of it is built: there Node has
// no modules but its own, so this loads TypeScript and the compiler's files, which TypeScript compiles.
const { existsSync, readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { startupSnapshot } = require("node:v8");

/** What is where: { typescript, nodeTypes, importer, declarations, builtins, isEarly, library? }. */
const installation = JSON.parse(process.argv[2] ?? "{}");
const isBuilding = startupSnapshot?.isBuildingSnapshot() ?? false;

// TypeScript sorts completions by a collator, which no snapshot can hold.
Intl.Collator = class {
  compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
};

function evaluate(code, path, load) {
  const module = { exports: {} };
  // Not by Node's `vm`, whose scripts no snapshot can hold.
  const parameters = ["exports", "require", "module", "__filename", "__dirname"];
  const wrapper = new Function(...parameters, `${code}\n//# sourceURL=${path}`);
  wrapper(module.exports, load, module, path, dirname(path));
  return module.exports;
}

const ts = evaluate(readFileSync(installation.typescript, "utf8"), installation.typescript, require);
const loaded = new Map();

/** A file of the compiler by its source, which is compiled in the package. */
function load(source) {
  const path = existsSync(source) ? source : source.replace(/\.ts$/, ".js");
  if (loaded.has(path)) return loaded.get(path);
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
  const code = ts.transpileModule(readFileSync(path, "utf8"), { compilerOptions: options }).outputText;
  const exports = evaluate(code, path, (specifier) => {
    if (specifier === "typescript") return ts;
    return specifier.startsWith(".") ? load(join(dirname(path), specifier)) : require(specifier);
  });
  loaded.set(path, exports);
  return exports;
}

const { Compiler } = load(join(__dirname, "compiler.ts"));
const { serve, warm, warmEarly } = load(join(__dirname, "server.ts"));
const compiler = new Compiler(installation);
if (installation.library) compiler.preload(installation.library);
if (isBuilding) {
  (installation.isEarly ? warmEarly : warm)(compiler);
  startupSnapshot.setDeserializeMainFunction(() => serve(compiler));
} else serve(compiler);
