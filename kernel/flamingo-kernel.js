#!/usr/bin/env node
// Plain JavaScript that an old Node can read too, so that it can say what is missing. It starts the thread of the sockets
// before anything else is loaded: a client that starts a kernel waits for its first answer.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`USAGE: this is Node ${process.versions.node}. Fix: install Node 20.19 or newer`);
  process.exit(2);
}
const connectionFile = process.argv[2];
if (!connectionFile) {
  console.error(
    "USAGE: flamingo-kernel.js CONNECTION_FILE. Fix: start it from a Jupyter client (flamingo kernel install)",
  );
  process.exit(2);
}

const { port1: port, port2: workerPort } = new MessageChannel();
const link = { session: randomUUID(), shared: new SharedArrayBuffer(64) };
const isCompiled = !existsSync(new URL("./main.ts", import.meta.url));
// Else tsx takes the tsconfig.json of the notebook's folder.
const tsconfig = fileURLToPath(new URL("../tsconfig.json", import.meta.url));
const worker = new Worker(new URL(isCompiled ? "./wire/worker.js" : "./wire/start.cjs", import.meta.url), {
  workerData: { ...link, connectionFile, port: workerPort },
  transferList: [workerPort],
  env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig },
});
// Nothing else competes for the processor until a client can be answered.
const opening = await new Promise((resolve) => {
  worker.once("message", resolve);
  worker.once("error", (error) => resolve({ failure: `INTERNAL: ${error.message}. Fix: npm install` }));
});
if (opening.failure) {
  console.error(opening.failure);
  process.exit(1);
}

if (!isCompiled) (await import("tsx/esm/api")).register({ tsconfig });
const { main } = await import(isCompiled ? "./main.js" : "./main.ts");
main({ ...link, worker, port, hearsSigint: opening.hearsSigint });
