import { io, type Socket } from "socket.io-client";
import { create } from "zustand";
import type { LogRecord } from "../../../src/channels/channel.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { isOver } from "../../../src/runs/record.ts";
import {
  type Answer,
  type ClientEvents,
  type RequestName,
  type RequestOf,
  type RunSummary,
  type ServerEvents,
  type StudioInfo,
  socketTransports,
} from "../../shared/protocol.ts";
import { tellError } from "./notices.ts";
import { runInAddress, showRun, takeRecords, useRun } from "./run.ts";
import { studioToken } from "./token.ts";

interface StudioState {
  /** `lost` after a connection that was there broke. */
  connection: "connecting" | "online" | "lost";
  info: StudioInfo | undefined;
  runs: RunSummary[];
}

/** What the page knows of the server. */
export const useStudio = create<StudioState>(() => ({ connection: "connecting", info: undefined, runs: [] }));

let socket: Socket<ServerEvents, ClientEvents> | undefined;

/** Connects to the server for good: a connection that breaks is tried again, and a watched run goes on where it was. */
export function connectStudio(): void {
  socket = io({ transports: [...socketTransports], reconnectionDelayMax: 3000, query: { token: studioToken() } });
  socket.on("connect", () => {
    useStudio.setState({ connection: "online" });
    if (useRun.getState().id !== undefined) void watch();
    for (const follower of followers) watchAll(follower);
  });
  socket.on("disconnect", () => useStudio.setState({ connection: "lost" }));
  socket.on("connect_error", () => {
    if (useStudio.getState().connection === "online") useStudio.setState({ connection: "lost" });
  });
  socket.on("run:records", ({ run, records }, taken) => {
    takeRecords(run, records);
    for (const { runs, take } of followers) if (runs.includes(run)) take(run, records);
    taken();
  });
  socket.on("runs:changed", (runs) => useStudio.setState({ runs }));
}

/** Shows the run that the address names, else one that is at work, if there is any. */
export function showFirstRun(runs: RunSummary[]): void {
  const named = runInAddress();
  const busy = runs.find(({ status }) => !isOver(status));
  const run = runs.find(({ id }) => id === named) ?? busy;
  if (run) void watchRun(run.id);
  else showRun(undefined);
}

/** Shows a run and follows it. */
export async function watchRun(id: string): Promise<void> {
  const before = useRun.getState().id;
  if (before === id) return;
  if (before !== undefined) void request("run:unwatch", { run: before }).catch(() => {});
  showRun(id);
  await watch();
}

/** What takes the records of several runs, beside the one that is shown. */
interface Follower {
  runs: readonly string[];
  /** The least `seq` that is not known yet. */
  next(run: string): number;
  take(run: string, records: readonly LogRecord[]): void;
}

const followers = new Set<Follower>();

/** Follows runs until the function that it gives back is called. */
export function followRuns(follower: Follower): () => void {
  followers.add(follower);
  if (socket?.connected) watchAll(follower);
  return () => {
    followers.delete(follower);
    const shown = useRun.getState().id;
    for (const run of follower.runs) if (run !== shown) void request("run:unwatch", { run }).catch(() => {});
  };
}

function watchAll({ runs, next }: Follower): void {
  const { id, state } = useRun.getState();
  // A run is sent once to a page, so from the first record on that anything here lacks.
  for (const run of runs) {
    const first = run === id ? Math.min(next(run), state.next) : next(run);
    void request("run:watch", { run, next: first }).catch(tellError);
  }
}

async function watch(): Promise<void> {
  const { id, state } = useRun.getState();
  if (id !== undefined && socket?.connected) await request("run:watch", { run: id, next: state.next });
}

/** The socket's own types cannot tell which body goes with a name that is a parameter. */
interface Asking {
  emitWithAck(name: RequestName, body: unknown): Promise<Answer>;
}

/** Asks the server over the socket. @throws FlamingoError as the server answers, or if there is no connection */
export async function request<Name extends RequestName>(name: Name, body: RequestOf<Name>): Promise<object> {
  if (!socket?.connected) {
    throw new FlamingoError("NOT_FOUND", "there is no connection to the studio's server", {
      fix: "wait until it is back, or start it again with `npm start`",
    });
  }
  const answer = await (socket as unknown as Asking).emitWithAck(name, body);
  if (answer.ok) return answer.value;
  const { code, message, ...details } = answer.error;
  throw new FlamingoError(code, message, details);
}
