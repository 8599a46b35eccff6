// Plain JavaScript, because a worker thread has no TypeScript of its own.
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

register({ tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)) });
await import("./batchThread.ts");
