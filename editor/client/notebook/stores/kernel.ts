import type { KernelMessage } from "@jupyterlab/services";
import type { KernelConnection } from "@jupyterlab/services/lib/kernel/default.js";
import { create } from "zustand";
import { beginCell, foldOutput } from "../../../../kernel/nbformat/outputs.ts";
import { type ErrorReport, FlamingoError, reportOf } from "../../../../src/core/errors.ts";
import { tellError } from "../../stores/notices.ts";
import { sendJson } from "../../stores/request.ts";
import { studioToken } from "../../stores/token.ts";
import { jupyterBase } from "./files.ts";
import { type CellRun, noteNames, queueRun, setDependencies, setOutputs, setRun, useNotebook } from "./notebook.ts";
import { keepSent, readSent, type SentCells } from "./sentCells.ts";
import { followVariables, forgetVariables, receiveVariables } from "./variables.ts";

export type KernelStatus =
  | "none"
  | "starting"
  | "idle"
  | "busy"
  | "restarting"
  /** The connection broke and is tried again. */
  | "disconnected"
  /** The process ended. */
  | "dead"
  /** It could not be started. */
  | "failed";

/** What a running cell asks the person for. */
export interface Question {
  cell: string | undefined;
  prompt: string;
  password: boolean;
  /** Of the request, which the answer names. */
  header: KernelMessage.IInputRequestMsg["header"];
}

interface KernelState {
  status: KernelStatus;
  error: ErrorReport | undefined;
  interrupting: boolean;
  question: Question | undefined;
}

const nothing: KernelState = { status: "none", error: undefined, interrupting: false, question: undefined };

/** The kernel of the notebook that is shown. */
export const useKernel = create<KernelState>(() => nothing);

const { getState: get, setState: set } = useKernel;

/** The connection to a kernel, and what this tab has sent it. */
interface Attachment {
  session: string;
  kernel: string;
  connection: KernelConnection;
  sent: SentCells;
}

let attached: Promise<Attachment> | undefined;
/** The same, once it is there. */
let current: Attachment | undefined;
/** Changes with each attempt: what an older one still brings is dropped. */
let attempt = 0;

/** Connects the notebook at a path to its kernel, which is started if none runs for it yet. */
export function attachKernel(path: string): Promise<Attachment> {
  detachKernel();
  const mine = ++attempt;
  set({ ...nothing, status: "starting" });
  const attaching = attach(path, mine);
  attached = attaching;
  attaching.catch((error: unknown) => {
    if (mine === attempt) set({ ...nothing, status: "failed", error: reportOf(error) });
  });
  return attaching;
}

/** Lets go of the kernel, which goes on by itself. */
export function detachKernel(): void {
  attempt += 1;
  current?.connection.dispose();
  current = undefined;
  attached = undefined;
  waiting = [];
  forgetVariables();
  set(nothing);
}

/** What the server tells of a session: a notebook and its kernel. */
interface SessionModel {
  id: string;
  kernel: { id: string; name: string; execution_state?: string };
}

async function attach(path: string, mine: number): Promise<Attachment> {
  const [model, { KernelConnection }, { ServerConnection }] = await Promise.all([
    sendJson<SessionModel>("POST", `${jupyterBase}api/sessions`, {
      path,
      name: path.split("/").at(-1),
      type: "notebook",
      kernel: { name: "flamingo" },
    }),
    import("@jupyterlab/services/lib/kernel/default.js"),
    import("@jupyterlab/services/lib/serverconnection.js"),
  ]);
  if (mine !== attempt) throw new FlamingoError("CONFLICT", "another notebook was opened meanwhile");
  const sent = readSent(model.kernel.id);
  nameDisplays(sent);
  setDependencies(sent.dependencies ?? {});
  const busy = model.kernel.execution_state === "busy";
  if (busy) showOpenRuns(sent);
  const connection = new KernelConnection({
    model: model.kernel,
    clientId: sent.client,
    handleComms: false,
    serverSettings: ServerConnection.makeSettings({
      baseUrl: `${location.origin}${jupyterBase}`,
      wsUrl: `${location.origin.replace("http", "ws")}${jupyterBase}`,
      token: studioToken(),
      appendToken: true,
      init: { cache: "no-store", credentials: "omit" },
    }),
  });
  const follow = () => {
    if (mine === attempt) followConnection(connection, busy ? "busy" : "idle");
  };
  connection.statusChanged.connect(follow);
  connection.connectionStatusChanged.connect(follow);
  connection.anyMessage.connect((_, { msg, direction }) => {
    if (mine !== attempt || direction !== "recv") return;
    receiveVariables(msg);
    receive(msg, sent);
  });
  connection.connectionStatusChanged.connect((_, status) => {
    if (mine === attempt && status === "connected") followVariables(connection, sent.client);
  });
  current = { session: model.id, kernel: model.kernel.id, connection, sent };
  if (connection.connectionStatus === "connected") followVariables(connection, sent.client);
  follow();
  return current;
}

/**
 * Takes over how the kernel is, as far as the connection knows. Whether it is at work is known from the messages of
 * executions: questions about code make a kernel busy too, and say nothing to a person.
 * @param first what it is at when it is reached
 */
function followConnection({ status, connectionStatus }: KernelConnection, first: "idle" | "busy"): void {
  const before = get().status;
  const now = ((): KernelStatus => {
    if (status === "dead") return "dead";
    if (connectionStatus !== "connected") return before === "starting" ? before : "disconnected";
    if (status === "restarting" || status === "autorestarting") return "restarting";
    if (status === "starting" && (before === "idle" || before === "busy")) return "restarting";
    if (status !== "idle" && status !== "busy") return before === "disconnected" ? "starting" : before;
    if (before === "idle" || before === "busy") return before;
    return before === "restarting" ? "idle" : isRunning() ? "busy" : first;
  })();
  if (now === before) return;
  if (now === "dead" || now === "restarting") {
    takeMessages();
    endRuns();
    if (now === "restarting" && status !== "starting") tellError(ended("by itself, and was started again"));
    set({ status: now, interrupting: false, question: undefined });
  } else {
    set({ status: now });
    if (before === "restarting" && now === "idle" && current) followVariables(current.connection, current.sent.client);
  }
}

function ended(how: string): FlamingoError {
  return new FlamingoError("KERNEL_DIED", `the kernel ended ${how}`, {
    fix: "run the cells again: variables are gone",
  });
}

/** Sends code cells to the kernel, which runs them one after the other and leaves out the rest when one fails. */
export async function execute(ids: readonly string[]): Promise<void> {
  if (!attached) return;
  if (get().status === "dead") {
    tellError(new FlamingoError("KERNEL_DIED", "the kernel has ended", { fix: "restart it" }));
    return;
  }
  for (const id of ids) queueRun(id);
  try {
    const { connection, sent, kernel } = await attached;
    for (const id of ids) {
      const cell = useNotebook.getState().cells.find((other) => other.id === id);
      if (cell?.cell_type !== "code") continue;
      const future = connection.requestExecute(
        { code: cell.source, stop_on_error: true, allow_stdin: true, store_history: true },
        true,
        { cellId: id },
      );
      future.done.catch(() => {}); // the connection's state tells it
      for (const [message, other] of Object.entries(sent.cells)) if (other === id) delete sent.cells[message];
      sent.cells[future.msg.header.msg_id] = id;
      sent.open.push(future.msg.header.msg_id);
    }
    keepSent(kernel, sent);
  } catch (error) {
    for (const id of ids) setRun(id, { status: "interrupted" });
    tellError(error);
  }
}

export async function interruptKernel(): Promise<void> {
  if (!current || get().status !== "busy") return;
  set({ interrupting: true, question: undefined });
  await current.connection.interrupt();
}

/** Ends the kernel and begins a new one: variables are gone, the notebook stays. */
export async function restartKernel(): Promise<void> {
  const { path } = useNotebook.getState();
  if (path === undefined) return;
  const { status } = get();
  const there = await attached?.catch(() => undefined);
  if (there && status !== "dead" && status !== "disconnected") {
    set({ status: "restarting", question: undefined });
    endRuns();
    await there.connection.restart();
    if (get().status === "restarting") set({ status: "idle" });
    followVariables(there.connection, there.sent.client);
    return;
  }
  if (there) await sendJson("DELETE", `${jupyterBase}api/sessions/${there.session}`, undefined).catch(() => undefined);
  endRuns();
  await attachKernel(path);
}

/** Tries to reach the kernel again after the server was away: the same one, or a new one where it ended meanwhile. */
export async function reattachKernel(): Promise<void> {
  const { path } = useNotebook.getState();
  const before = current;
  if (path === undefined || get().status === "idle" || get().status === "busy") return;
  const now = await attachKernel(path);
  if (before && before.kernel !== now.kernel) {
    endRuns();
    tellError(ended("while the server was away, and a new one was started"));
  }
}

/** Tells the server that the kernel's notebook has another path now. */
export async function moveKernel(path: string): Promise<void> {
  if (!current) return;
  const body = { path, name: path.split("/").at(-1) };
  await sendJson("PATCH", `${jupyterBase}api/sessions/${current.session}`, body);
}

/** Answers what the running cell asked. */
export function answerQuestion(value: string): void {
  const { question } = get();
  if (!question || !current) return;
  current.connection.sendInputReply({ status: "ok", value }, question.header);
  set({ question: undefined });
}

/** The connection, if the kernel can answer questions about code now. */
export function answering(): KernelConnection | undefined {
  const { status } = get();
  return status === "idle" || status === "busy" ? current?.connection : undefined;
}

/** Cells whose end will not be heard of. */
function endRuns(): void {
  const { runs } = useNotebook.getState();
  if (current) {
    current.sent.open = [];
    current.sent.dependencies = {};
    keepSent(current.kernel, current.sent);
    setDependencies({});
  }
  for (const [id, { status }] of Object.entries(runs))
    if (status === "queued" || status === "running") setRun(id, { status: "interrupted", ended: Date.now() });
}

function isRunning(): boolean {
  return Object.values(useNotebook.getState().runs).some(({ status }) => status === "queued" || status === "running");
}

/** After a reload: the cells that the kernel is still at. */
function showOpenRuns({ cells, open }: SentCells): void {
  const ids = open.flatMap((message) => cells[message] ?? []);
  for (const [at, id] of ids.entries()) setRun(id, { status: at === 0 ? "running" : "queued" });
}

interface Received {
  msg: KernelMessage.IMessage;
  /** The cell whose code it is about. */
  cell: string;
  /** Whether the cell's end is still to come: it may be heard of before its beginning, which goes another way. */
  open: boolean;
}

/** Messages are taken over at most so often, in milliseconds: a cell may send thousands in a second. */
const interval = 40;
let waiting: Received[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

function receive(msg: KernelMessage.IMessage, sent: SentCells): void {
  const parent = msg.parent_header as Partial<KernelMessage.IHeader>;
  if (msg.header.msg_type === "status" && parent.msg_type === "execute_request") {
    const now = (msg.content as { execution_state: string }).execution_state === "busy" ? "busy" : "idle";
    const { status } = get();
    if (status === "idle" || status === "busy")
      set({ status: now, ...(now === "idle" ? { interrupting: false } : {}) });
  }
  const cell = parent.msg_id === undefined ? undefined : sent.cells[parent.msg_id];
  // A display may be replaced from any cell, and from another page on the same kernel.
  if (cell === undefined && msg.header.msg_type !== "update_display_data") return;
  if (msg.header.msg_type === "execute_reply") {
    sent.open = sent.open.filter((message) => message !== parent.msg_id);
    if (current?.sent === sent) keepSent(current.kernel, sent);
  }
  waiting.push({ msg, cell: cell ?? "", open: sent.open.includes(parent.msg_id ?? "") });
  timer ??= setTimeout(takeMessages, interval);
}

/** Takes over what the kernel sent and what waits for its turn: by itself, and before the page is left. */
export function takeMessages(): void {
  clearTimeout(timer);
  timer = undefined;
  const messages = waiting;
  waiting = [];
  let { outputs } = useNotebook.getState();
  for (const { msg, cell, open } of messages) {
    const content = msg.content as Record<string, unknown>;
    switch (msg.header.msg_type) {
      case "execute_input":
        // A cell that is left out because one before it failed never gets here: what it showed stays.
        outputs = foldOutput(beginCell(outputs, cell), cell, "execute_input", content);
        setRun(cell, { ...(open ? { status: "running" } : {}), started: timeOf(msg) });
        break;
      case "status":
        if (content.execution_state === "idle" && useNotebook.getState().runs[cell]?.status === "running")
          setRun(cell, { status: "succeeded", ended: timeOf(msg) });
        break;
      case "execute_reply":
        setRun(cell, { status: endOf(content), ended: timeOf(msg) });
        keepNames(cell, msg.metadata);
        if (get().question?.cell === cell) set({ question: undefined });
        break;
      case "input_request": {
        const { prompt, password } = content as { prompt: string; password: boolean };
        set({ question: { cell, prompt, password, header: msg.header as Question["header"] } });
        break;
      }
      default:
        if (msg.channel === "iopub") outputs = foldOutput(outputs, cell, msg.header.msg_type, msg.content);
    }
  }
  setOutputs(outputs);
}

/** Keeps which variables a cell has to do with: the kernel tells it with the cell's end. */
function keepNames(cell: string, { flamingo }: { flamingo?: unknown }): void {
  const { declared, used } = (flamingo ?? {}) as { declared?: string[]; used?: string[] };
  if (!declared || !used) return;
  noteNames(cell, declared, used);
  if (!current) return;
  current.sent.dependencies = useNotebook.getState().dependencies;
  keepSent(current.kernel, current.sent);
}

/** An aborted cell never ran: one before it failed. */
function endOf({ status, ename }: Record<string, unknown>): CellRun["status"] {
  if (status === "ok") return "succeeded";
  return status === "aborted" || ename === "KeyboardInterrupt" || ename === "Interrupted" ? "interrupted" : "failed";
}

function timeOf({ header }: KernelMessage.IMessage): number {
  const time = Date.parse(header.date);
  return Number.isFinite(time) ? time : Date.now();
}

/** Keeps, for a reload, the names under which outputs can be replaced. */
export function keepDisplays(): void {
  if (!current) return;
  const displays: NonNullable<SentCells["displays"]> = {};
  for (const [cell, { shown }] of useNotebook.getState().outputs)
    if (shown.some(({ displayId }) => displayId !== undefined))
      displays[cell] = shown.map(({ displayId }) => displayId ?? null);
  keepSent(current.kernel, { ...current.sent, displays });
}

/** Gives outputs that were read from the file the names back that they had before the reload. */
function nameDisplays({ displays = {} }: SentCells): void {
  const { outputs } = useNotebook.getState();
  if (Object.keys(displays).length === 0) return;
  const named = new Map(outputs);
  for (const [cell, names] of Object.entries(displays)) {
    const before = outputs.get(cell);
    if (before?.shown.length !== names.length) continue;
    const shown = before.shown.map((one, at) => (names[at] ? { ...one, displayId: names[at] } : one));
    named.set(cell, { ...before, shown });
  }
  setOutputs(named);
}
