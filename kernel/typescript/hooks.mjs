// How Node loads TypeScript in workers and processes that cells start. Plain JavaScript, for it runs before anything else.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const extensions = [".ts", ".tsx", ".mts", "/index.ts"];

/** Finds what a specifier leaves open: the extension, or that it says that of what would be compiled. */
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!/^\.{0,2}\//.test(specifier) || !context.parentURL?.startsWith("file:")) throw error;
    const names = [...extensions.map((extension) => specifier + extension), specifier.replace(/js(x?)$/, "ts$1")];
    const url = names
      .map((name) => new URL(name, context.parentURL))
      .find((each) => each.href !== new URL(specifier, context.parentURL).href && existsSync(each));
    if (!url) throw error;
    return next(url.href, context);
  }
}

export async function load(url, context, next) {
  if (!/^file:[^?#]*\.[cm]?tsx?$/.test(url)) return next(url, context);
  const isCommonJs = url.endsWith(".cts");
  const { outputText } = ts.transpileModule(readFileSync(new URL(url), "utf8"), {
    fileName: fileURLToPath(url),
    compilerOptions: {
      module: isCommonJs ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2024,
      jsx: ts.JsxEmit.ReactJSX,
      esModuleInterop: true,
      inlineSourceMap: true,
    },
  });
  return { format: isCommonJs ? "commonjs" : "module", source: outputText, shortCircuit: true };
}
