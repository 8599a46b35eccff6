#!/usr/bin/env node
// Plain JavaScript that an old Node can read too, so that it can say what is missing instead of a stack of errors.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`USAGE: this is Node ${process.versions.node}. Fix: install Node 20.19 or newer`);
  process.exit(2);
}

let main;
try {
  const { existsSync } = await import("node:fs");
  // A checkout has the TypeScript beside this file; the package has what it was compiled to.
  if (existsSync(new URL("./main.ts", import.meta.url))) {
    const { fileURLToPath } = await import("node:url");
    const { register } = await import("tsx/esm/api");
    register({ tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)) });
    ({ main } = await import("./main.ts"));
  } else ({ main } = await import("../../dist/package/src/command/main.js"));
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`USAGE: the studio's packages are not installed: ${error.message.split("\n")[0]}. Fix: npm install`);
  process.exit(2);
}
process.exitCode = await main(process.argv.slice(2));
