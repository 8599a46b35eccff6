import type { Server as HttpServer } from "node:http";
import { Server, type Socket } from "socket.io";
import type { LogRecord } from "../../src/channels/channel.ts";
import { FlamingoError, reportOf } from "../../src/core/errors.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { tailRecords } from "../../src/runs/tail.ts";
import {
  type Answer,
  type ClientEvents,
  type RequestName,
  type RunSummary,
  requests,
  type ServerEvents,
  socketTransports,
} from "../shared/protocol.ts";
import type { Access } from "./access.ts";
import { checkJson } from "./jsonLimits.ts";
import type { RunManager } from "./runs.ts";

/** Milliseconds between two looks for runs that other processes started or carried on. */
const listInterval = 1000;
const mostBytes = 1024 * 1024;
const mostWatched = 32;

type StudioServer = Server<ClientEvents, ServerEvents>;
type StudioSocket = Socket<ClientEvents, ServerEvents>;

/** Opens the studio's socket: requests come in and are answered, records of watched runs go out. */
export function serveSockets(http: HttpServer, access: Access, runs: RunManager): StudioServer {
  const io: StudioServer = new Server(http, {
    transports: [...socketTransports],
    serveClient: false,
    maxHttpBufferSize: mostBytes,
    allowRequest: (request, answer) => answer(null, access.allowsSocket(request)),
  });
  io.on("connection", (socket) => {
    const watched = new Map<string, AbortController>();
    serveRequests(socket, runs, watched);
    socket.on("disconnect", () => {
      for (const stop of watched.values()) stop.abort();
    });
    runs.list().then(
      (list) => socket.emit("runs:changed", list),
      () => {},
    );
  });
  tellOfRuns(io, http, runs);
  return io;
}

/** Sends the list of runs whenever it is another. */
function tellOfRuns(io: StudioServer, http: HttpServer, runs: RunManager): void {
  let sent = "";
  const look = async () => {
    if (io.sockets.sockets.size === 0) return;
    const list: RunSummary[] = await runs.list();
    const text = JSON.stringify(list);
    if (text !== sent) io.emit("runs:changed", list);
    sent = text;
  };
  const lookQuietly = () => void look().catch(() => {}); // the next look comes soon
  runs.onChange = lookQuietly;
  const timer = setInterval(lookQuietly, listInterval);
  http.once("close", () => clearInterval(timer));
}

function serveRequests(socket: StudioSocket, runs: RunManager, watched: Map<string, AbortController>): void {
  answer(socket, "run:start", async ({ pipeline, from, ...options }) => {
    const parsed = parsePipeline(pipeline, "the pipeline");
    const earlier = from === undefined ? {} : { from: await runs.find(from) };
    return { run: await runs.start({ pipeline: parsed, ...options, ...earlier }) };
  });
  answer(socket, "queue:lanes", async ({ lanes }) => {
    if (lanes !== undefined) runs.setLanes(lanes);
    return { lanes: runs.lanes };
  });
  answer(socket, "run:pause", ({ run }) => runs.pause(run));
  answer(socket, "run:continue", ({ run }) => runs.continue(run));
  answer(socket, "run:stop", ({ run }) => runs.stop(run));
  answer(socket, "run:resume", ({ run }) => runs.resume(run));
  answer(socket, "run:mark", ({ run, marks }) => runs.mark(run, marks));
  answer(socket, "run:delete", ({ run }) => runs.delete(run));
  answer(socket, "run:restore", ({ run }) => runs.restore(run));
  answer(socket, "trash:list", async () => ({ runs: await runs.trash.list() }));
  answer(socket, "trash:empty", () => runs.trash.empty());
  answer(socket, "run:watch", async ({ run, next }) => {
    const folder = await runs.find(run);
    watched.get(run)?.abort();
    if (watched.size >= mostWatched && !watched.has(run))
      throw new FlamingoError("CONFLICT", `${mostWatched} runs are watched already`, { fix: "stop watching some" });
    const stop = new AbortController();
    watched.set(run, stop);
    if (!socket.connected) stop.abort();
    const send = (records: LogRecord[]) => sendRecords(socket, { run, records }, stop.signal);
    void tailRecords(folder, next, send, stop.signal).catch(() => watched.delete(run));
  });
  answer(socket, "run:unwatch", async ({ run }) => {
    watched.get(run)?.abort();
    watched.delete(run);
  });
}

/** Sends records, and comes back when the page has taken them, or when it no longer watches. */
function sendRecords(
  socket: StudioSocket,
  message: { run: string; records: LogRecord[] },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
    socket.emit("run:records", message, done);
  });
}

type Parsed<Name extends RequestName> = ReturnType<(typeof requests)[Name]["parse"]>;

/** Answers a kind of request: with what `serve` gives, or with the error's report. */
function answer<Name extends RequestName>(
  socket: StudioSocket,
  name: Name,
  serve: (request: Parsed<Name>) => Promise<unknown>,
): void {
  const listen = async (request: unknown, reply: unknown) => {
    if (typeof reply !== "function") return; // nobody waits, so nobody of ours asked
    const result: Answer = await attempt(() => serve(readRequest(name, request)));
    reply(result);
  };
  (socket as Socket).on(name as string, listen);
}

/** Reads what a request brings. @throws FlamingoError USAGE */
export function readRequest<Name extends RequestName>(name: Name, request: unknown): Parsed<Name> {
  checkJson(request);
  const result = requests[name].safeParse(request);
  if (result.success) return result.data as Parsed<Name>;
  const issue = result.error.issues[0]!;
  const message = `${name}: ${issue.path.join(".") || "the request"}: ${issue.message}`;
  throw new FlamingoError("USAGE", message, { fix: "load the page again" });
}

async function attempt(run: () => Promise<unknown>): Promise<Answer> {
  try {
    return { ok: true, value: (await run()) ?? {} };
  } catch (error) {
    return { ok: false, error: reportOf(error) };
  }
}
