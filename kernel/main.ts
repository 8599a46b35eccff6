import type { MessagePort, Worker } from "node:worker_threads";
import { OpenScopes } from "../src/engine/autodiff/interruption.ts";
import { hideCellsInAsyncValues } from "./cell/asyncValues.ts";
import { countShieldsIn, shieldedUntil } from "./cell/shield.ts";
import { primitiveResult } from "./display/primitive.ts";
import type { Interpreter } from "./interpreter/interpreter.ts";
import { captureOutput } from "./session/capture.ts";
import { adoptChildProcesses } from "./session/childProcesses.ts";
import { defineDialogs } from "./session/dialogs.ts";
import { findHistoryFile, HistoryFile } from "./session/historyFile.ts";
import { Session } from "./session/session.ts";
import { runTypeScriptInWorkers } from "./session/typeScriptWorkers.ts";
import type { Compilers } from "./startCompilers.ts";
import { log } from "./wire/log.ts";
import { Shared } from "./wire/shared.ts";
import { Wire } from "./wire/wire.ts";

/** What is there when this is loaded: sockets that are open, and compilers that start. */
interface Link {
  /** The thread of the sockets. */
  worker: Worker;
  port: MessagePort;
  shared: SharedArrayBuffer;
  /** Of the headers of all that this kernel sends. */
  session: string;
  compilers: Compilers;
  /** Whether the thread of the sockets hears SIGINT by itself. */
  hearsSigint: boolean;
}

/** When what shows objects is loaded, which a first cell that comes at once need not wait for, in milliseconds. */
const displayDelay = 500;

/** Runs a kernel until a client shuts it down. */
export function main({ worker, port, shared: memory, session: id, compilers, hearsSigint }: Link): void {
  const shared = new Shared(memory);
  countShieldsIn(shared);
  const wire = new Wire(port, shared, id);
  const interpreter = loadInterpreter(compilers);
  const session = new Session({
    wire,
    interpreter,
    showResult: async (value, cell) => {
      if (value === undefined) return undefined;
      return primitiveResult(value) ?? (await shieldedUntil(import("./display/result.ts"))).showResult(value, cell);
    },
    history: new HistoryFile(findHistoryFile(process.env), id),
    scopes: new OpenScopes(),
  });
  wire.listen({
    onRequest: (request) => session.onRequest(request),
    onInterrupt: (terminated) => session.onInterrupt(terminated),
    onShutdown: (code) => process.exit(code),
  });
  worker.on("error", (error) => {
    log(`INTERNAL: the thread of the sockets ended: ${error.stack}`);
    shared.setClosed();
    process.exit(1);
  });
  if (!hearsSigint) process.on("SIGINT", () => wire.interrupt());
  interpreter.then(
    () => wire.ready(),
    () => undefined, // every cell is told
  );
  setTimeout(() => import("./display/result.ts").catch(() => undefined), displayDelay).unref(); // every cell is told
  hideCellsInAsyncValues();
  adoptChildProcesses({ begin: (others) => wire.waiting(others), end: () => wire.waiting(undefined) });
  runTypeScriptInWorkers();
  defineDialogs();
  captureOutput((stream, text) => session.print(stream, text));
  for (const event of ["uncaughtException", "unhandledRejection"] as const)
    process.on(event, (thrown: unknown) => session.onUncaught(thrown));
  process.on("exit", () => wire.close());
}

/** The interpreter, with the library in scope. Takes a second, in which the sockets answer already. */
async function loadInterpreter({ whole, early }: Compilers): Promise<Interpreter> {
  const { createInterpreter } = await import("./interpreter/cellInterpreter.ts");
  const { preload } = await import("./notebook/preload.ts");
  const { findDeclarations } = await import("./types/declarations.ts");
  const declarations = findDeclarations();
  const { buildSnapshot } = await import("./types/snapshot.ts");
  declarations.then((file) => buildSnapshot(file)).catch(() => undefined); // the next kernel tries again
  return createInterpreter({
    cwd: process.cwd(),
    compiler: whole,
    earlyCompiler: early,
    preload: { name: "flamingo", ...preload, declarations },
  });
}
