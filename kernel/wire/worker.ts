/**
 * The thread that owns the sockets. It answers by itself what must be answered also while the main thread loads TypeScript
 * or runs a cell that never ends: heartbeat, kernel_info, interrupt and shutdown. All else it hands over.
 */

import { setImmediate, setTimeout } from "node:timers/promises";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { readConnection } from "../protocol/connection.ts";
import { decode, encode, encodeParts, type Received, toJson } from "../protocol/frames.ts";
import { type Header, type JsonObject, type Message, newHeader } from "../protocol/message.ts";
import { readContent } from "../protocol/requests.ts";
import { Signer } from "../protocol/signature.ts";
import { childrenOf, signalTrees } from "./descendants.ts";
import { kernelInfo } from "./kernelInfo.ts";
import { log } from "./log.ts";
import { patience, untilForced, untilUnshielded } from "./patience.ts";
import { type Print, PrintGatherer } from "./printGatherer.ts";
import { interruption, Shared } from "./shared.ts";
import { hearSigint } from "./sigint.ts";
import { Sockets } from "./sockets.ts";
import { terminateMainThread } from "./terminate.ts";
import type { AskingChannel, Incoming, Opening, Outgoing, WorkerOptions } from "./traffic.ts";

/** How long the main thread has to end the process, of itself and then by force, in milliseconds. */
const [shutdownPatience, lastPatience] = [500, 4_000];
/** How long a process may take to end when it is interrupted, in milliseconds. */
const forcePatience = 300;

const options = workerData as WorkerOptions;
const shared = new Shared(options.shared);
const sockets = new Sockets();
let signer: Signer;
/** Cells run, so what runs may be terminated. */
let ready = false;
/** The header of the request whose cell runs. */
let running: Header | undefined;
/** Where answers go while the main thread waits for one. */
let answers: MessagePort | undefined;
/** The processes that ran already when the main thread began to wait for one. */
let othersRunning: number[] | undefined;

const toMain = (incoming: Incoming) => options.port.postMessage(incoming);

const prints = new PrintGatherer(({ parent, stream, text }: Print) => {
  const [header, content] = [newHeader("stream", options.session), { name: stream, text }];
  const parts = [toJson(header), parent, "{}", toJson(content)] as const;
  sockets.send("iopub", encodeParts(parts, [], signer, ["stream"]));
});

function publish(type: string, parent: Message["parent_header"], content: JsonObject): void {
  prints.flush();
  const header = newHeader(type, options.session);
  sockets.send("iopub", encode({ header, parent_header: parent, metadata: {}, content, buffers: [] }, signer, [type]));
}

function reply(channel: AskingChannel, { identities, message }: Received, content: JsonObject): void {
  const header = newHeader(message.header.msg_type.replace(/request$/, "reply"), options.session);
  const answer = { header, parent_header: message.header, metadata: {}, content, buffers: [] };
  sockets.send(channel, encode(answer, signer, identities));
}

/** Answers a request in this thread, between its own busy and idle. */
function answer(channel: AskingChannel, request: Received, content: JsonObject): void {
  const parent = request.message.header;
  publish("status", parent, { execution_state: "busy" });
  reply(channel, request, content);
  publish("status", parent, { execution_state: "idle" });
  // Front ends show the state that they heard of last, and a cell still runs.
  if (running) publish("status", running, { execution_state: "busy" });
}

function onMessage(channel: AskingChannel, frames: Uint8Array[]): void {
  try {
    const request = decode(frames, signer);
    const type = request.message.header.msg_type;
    if (type === "kernel_info_request") answer(channel, request, kernelInfo());
    else if (type === "interrupt_request") {
      interrupt();
      answer(channel, request, { status: "ok" });
    } else if (type === "shutdown_request") {
      const { restart } = readContent(type, request.message);
      answer(channel, request, { status: "ok", restart });
      shutdown();
    } else if (type === "input_reply" && answers) {
      answers.postMessage({ channel, ...request });
      shared.addAnswer();
    } else toMain({ kind: "request", channel, ...request });
  } catch (error) {
    log(`refused on ${channel}: ${error}`);
  }
}

async function interrupt(): Promise<void> {
  const isFirst = shared.moveInterruption(interruption.none, interruption.asked);
  if (isFirst || shared.interruption === interruption.takenUp) toMain({ kind: "interrupt" });
  if (!isFirst) return; // one is under way
  while (!ready && shared.interruption === interruption.asked) await setTimeout(5);
  for (let endings = -1; endings !== shared.endings; ) {
    endings = shared.endings;
    // What took up an interrupt may still go on to something that never ends: so it is asked again, until it has ended.
    while (!(await untilForced(shared))) {
      await setTimeout(patience);
      if (!shared.moveInterruption(interruption.takenUp, interruption.asked)) return;
      toMain({ kind: "reminder" });
    }
    await untilUnshielded(shared, endings);
    // A cell that ended by itself meanwhile must not be hit where it is answered. What follows may take up the interrupt.
    if (shared.endings !== endings) shared.interruption = interruption.asked;
  }
  const awaited = endAwaitedProcess();
  await terminateMainThread();
  clearTimeout(awaited);
  shared.interruption = interruption.none;
  toMain({ kind: "terminated" });
}

/** Nothing interrupts a thread that waits for a process but the end of that process. */
function endAwaitedProcess(): NodeJS.Timeout | undefined {
  if (!othersRunning) return undefined;
  const others = new Set([...othersRunning, process.pid]);
  const awaited = childrenOf(process.pid).filter((pid) => !others.has(pid));
  signalTrees(awaited, "SIGINT");
  return globalThis.setTimeout(() => signalTrees(awaited, "SIGKILL"), forcePatience);
}

/** Ends the process: the main thread does it; where it does not, what it runs is terminated, and at last it is killed. */
async function shutdown(code: 0 | 1 = 0): Promise<void> {
  toMain({ kind: "shutdown", code });
  await setTimeout(shutdownPatience);
  endAwaitedProcess();
  if (ready) terminateMainThread();
  await setTimeout(lastPatience);
  await close();
  process.kill(process.pid, "SIGKILL");
}

async function close(): Promise<void> {
  prints.flush();
  await sockets.close();
  shared.setClosed();
}

function onOutgoing(outgoing: Outgoing): void {
  if (outgoing.kind === "print") {
    prints.add(outgoing);
    shared.removeUnsent();
  } else if (outgoing.kind === "message") {
    if (outgoing.channel === "iopub") prints.flush();
    sockets.send(outgoing.channel, encodeParts(outgoing.parts, outgoing.buffers, signer, outgoing.identities));
    shared.removeUnsent();
  } else if (outgoing.kind === "running") {
    running = outgoing.parent && JSON.parse(outgoing.parent);
    answers = undefined;
  } else if (outgoing.kind === "asking") answers = outgoing.answers;
  else if (outgoing.kind === "waiting") othersRunning = outgoing.others;
  else if (outgoing.kind === "ready") ready = true;
  else if (outgoing.kind === "interrupt") interrupt();
  else if (outgoing.kind === "echo") echo(outgoing.id);
  else close();
}

async function echo(id: number): Promise<void> {
  // The first turn reads what the sockets hold, the second finds it handed over.
  await setImmediate();
  await setImmediate();
  toMain({ kind: "echo", id });
}

/** Without the client that started it, nobody would end this process: clients say that they want this by JPY_PARENT_PID. */
function endWithParent(): void {
  const named = process.env.JPY_PARENT_PID;
  const parent = process.ppid;
  if (!named) return;
  const isGone = () => process.ppid !== parent || (parent === 1 && named !== "1"); // gone before we looked
  setInterval(() => isGone() && shutdown(), 1_000).unref();
}

/** Nobody can use a kernel whose sockets' thread has a fault, so the process ends: clients see that, and start another. */
function endAfterFault(fault: unknown): void {
  const reason = (fault instanceof Error && fault.stack) || String(fault);
  log(`INTERNAL: the thread of the sockets failed: ${reason}`);
  shutdown(1);
}

async function open(): Promise<Opening> {
  try {
    const connection = readConnection(options.connectionFile);
    signer = new Signer(connection.key, connection.signature_scheme);
    await sockets.open(connection, {
      onMessage,
      onSubscription: (topic) => publish("iopub_welcome", {}, { subscription: topic }),
    });
  } catch (error) {
    await sockets.close(); // a process that ends with open ones crashes
    return { failure: String(error) };
  }
  publish("status", {}, { execution_state: "starting" });
  endWithParent();
  return { hearsSigint: hearSigint(interrupt) };
}

process.on("uncaughtException", endAfterFault); // rejections too
options.port.on("message", onOutgoing);
open().then((opening) => parentPort!.postMessage(opening));
