import { fileURLToPath } from "node:url";

/** How a kernel is started and what it is (Jupyter client, kernel specs: `kernel.json`). */
export interface Kernelspec {
  /** The command; `{connection_file}` stands for the file that says where to listen. */
  argv: string[];
  display_name: string;
  language: string;
  interrupt_mode: "message" | "signal";
  env?: Record<string, string>;
  metadata?: Record<string, unknown>;
}

/** The name under which Jupyter knows our kernel. */
export const kernelName = "flamingo";

const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Our own kernel, run by this very Node: a front end may have another one on its path, or none. */
export const flamingoKernelspec: Kernelspec = {
  argv: [process.execPath, beside("../flamingo-kernel.js"), "{connection_file}"],
  display_name: "TypeScript (Flamingo)",
  language: "typescript",
  interrupt_mode: "message",
  metadata: { debugger: false },
};
