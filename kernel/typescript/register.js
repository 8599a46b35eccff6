// Lets this process run TypeScript: `node --import register.js file.ts`.
import { register } from "node:module";

register("./hooks.js", import.meta.url);
