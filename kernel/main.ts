import type { MessagePort, Worker } from "node:worker_threads";
import { OpenScopes } from "../src/engine/autodiff/interruption.ts";
import { hideCellsInAsyncValues } from "./cell/asyncValues.ts";
import { countShieldsIn, shieldedUntil } from "./cell/shield.ts";
import type { Engine } from "./engine/engine.ts";
import { captureOutput } from "./session/capture.ts";
import { findHistoryFile, HistoryFile } from "./session/historyFile.ts";
import { Session } from "./session/session.ts";
import { log } from "./wire/log.ts";
import { Shared } from "./wire/shared.ts";
import { keepSigint } from "./wire/sigint.ts";
import { Wire } from "./wire/wire.ts";

/** What is there when this is loaded: sockets that are open. */
interface Link {
  /** The thread of the sockets. */
  worker: Worker;
  port: MessagePort;
  shared: SharedArrayBuffer;
  /** Of the headers of all that this kernel sends. */
  session: string;
  /** Whether the thread of the sockets hears SIGINT by itself. */
  hearsSigint: boolean;
}

/** Runs a kernel until a client shuts it down. */
export function main({ worker, port, shared: memory, session: id, hearsSigint }: Link): void {
  const shared = new Shared(memory);
  countShieldsIn(shared);
  const wire = new Wire(port, shared, id);
  const engine = loadEngine();
  const session = new Session({
    wire,
    engine,
    showResult: async (value, cell) => (await shieldedUntil(import("./display/result.ts"))).showResult(value, cell),
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
  keepSigint();
  if (!hearsSigint) process.on("SIGINT", () => wire.interrupt());
  engine.then(
    () => wire.ready(),
    () => undefined, // every cell is told
  );
  hideCellsInAsyncValues();
  captureOutput((stream, text) => session.print(stream, text));
  for (const event of ["uncaughtException", "unhandledRejection"] as const)
    process.on(event, (thrown: unknown) => session.onUncaught(thrown));
  process.on("exit", () => wire.close());
}

/** The engine, with the library in scope. Takes a second, in which the sockets answer already. */
async function loadEngine(): Promise<Engine> {
  const { createTslabEngine } = await import("./engine/tslabEngine.ts");
  const { preload } = await import("./notebook/preload.ts");
  const { findDeclarations } = await import("./types/declarations.ts");
  const declarations = findDeclarations();
  return createTslabEngine({ cwd: process.cwd(), preload: { name: "flamingo", ...preload, declarations } });
}
