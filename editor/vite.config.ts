import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { InlineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** How the page is built. Plotly is in a file of its own, which is loaded when the first plot is drawn. */
const config: InlineConfig = {
  root: here("./client"),
  configFile: false,
  plugins: [react()],
  logLevel: "warn",
  build: {
    outDir: here("../dist/client"),
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
    // A package that Node runs too has an eval in a branch that no browser takes.
    rolldownOptions: { checks: { bundlerTimings: false, eval: false } },
  },
};

export default config;
