// Plain JavaScript, because a worker thread of a checkout cannot load TypeScript by itself.
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

register({ tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)) });
await import(process.argv[2]);
