#!/usr/bin/env node
// Plain JavaScript that an old Node can read too, so that it can say what is missing. It starts the thread of the sockets
// and the compiler before anything else is loaded: a client that starts a kernel waits for its first answer.
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

const isCompiled = !existsSync(new URL("./main.ts", import.meta.url));
const bundle = isCompiled ? undefined : (await import("./bundle/bundle.js")).findBundle();
const isReady = isCompiled || bundle !== undefined;
const compiledFile = (path) => (bundle ? new URL(path.replace(/.*\//, ""), bundle) : new URL(path, import.meta.url));

const { port1: port, port2: workerPort } = new MessageChannel();
const link = { session: randomUUID(), shared: new SharedArrayBuffer(64) };
// Else tsx takes the tsconfig.json of the notebook's folder.
const tsconfig = fileURLToPath(new URL("../tsconfig.json", import.meta.url));
const worker = new Worker(isReady ? compiledFile("./wire/worker.js") : new URL("./wire/start.cjs", import.meta.url), {
  workerData: { ...link, connectionFile, port: workerPort },
  transferList: [workerPort],
  env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig },
});
const opened = new Promise((resolve) => {
  worker.once("message", resolve);
  worker.once("error", (error) => resolve({ failure: `INTERNAL: ${error.message}. Fix: npm install` }));
});
const startCompilers = async (file) => (await import(file)).startCompilers();
const started = isReady ? await startCompilers(compiledFile("./startCompilers.js")) : undefined;
// Nothing else competes for the processor until a client can be answered.
const opening = await opened;
if (opening.failure) {
  console.error(opening.failure);
  started?.early?.close();
  started?.whole.close();
  process.exit(1);
}

if (bundle) process.setSourceMapsEnabled(true);
if (!isReady) (await import("tsx/esm/api")).register({ tsconfig });
const compilers = started ?? (await startCompilers("./startCompilers.ts"));
const { main } = await import(isReady ? compiledFile("./main.js") : "./main.ts");
main({ ...link, worker, port, compilers, hearsSigint: opening.hearsSigint });
if (!isCompiled) (await import("./bundle/bundle.js")).buildBundleLater();
