import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { InlineConfig, Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Takes the fonts of KaTeX in one format only, which every browser reads that runs the page: it comes with three. */
const fontsInOneFormat: Plugin = {
  name: "fonts-in-one-format",
  enforce: "pre",
  transform: {
    filter: { id: /katex(\.min)?\.css$/ },
    handler: (css) => css.replace(/,\s*url\([^)]*\)\s*format\("(woff|truetype)"\)/g, ""),
  },
};

/** How the page is built. Plotly is in a file of its own, which is loaded when the first plot is drawn. */
const config: InlineConfig = {
  root: here("./client"),
  configFile: false,
  plugins: [react(), fontsInOneFormat],
  logLevel: "warn",
  build: {
    outDir: here("../dist/client"),
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
    license: { fileName: "licenses.md" }, // of the packages that are bundled
    // A package that Node runs too has an eval in a branch that no browser takes.
    rolldownOptions: {
      checks: { bundlerTimings: false, eval: false },
      // One file, which runs before every file that makes schemas: see client/plainZod.ts.
      output: { codeSplitting: { groups: [{ name: "zod", test: /node_modules\/zod\/|client\/plainZod\.ts$/ }] } },
    },
  },
};

export default config;
