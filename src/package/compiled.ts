import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether this code was compiled, as in the installed package. In a checkout it is TypeScript, which tsx loads. */
export const isCompiled = !import.meta.url.endsWith(".ts");

/** The folder that holds src, kernel, editor and notebooks: a checkout's root, or the compiled copy in the package. */
const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Where the page, the wasm kernels and the declarations for notebooks lie. A checkout builds them there when they are
 * needed; the package has them.
 */
export const builtFolder = isCompiled ? root : join(root, "dist");

/** Where what fits this machine alone is kept: in `dist/` of a checkout, and beside the package in `node_modules/.cache`. */
export const cacheFolder = isCompiled ? join(root, "../../../.cache/flamingo") : builtFolder;

/** The file of a module that is named by its source: `trainer.ts` is `trainer.js` in the package. */
export function moduleFile(source: string): string {
  return isCompiled ? source.replace(/\.ts$/, ".js") : source;
}
