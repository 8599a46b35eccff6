import { randomBytes, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { KernelChannels } from "../../kernel/client/channels.ts";
import { KernelProcess } from "../../kernel/client/kernelProcess.ts";
import { type Message, newHeader } from "../../kernel/protocol/message.ts";
import { freePorts } from "../kernel/freePorts.ts";
import { findKernels, type KernelPeer } from "./kernelPeers.ts";
import { readValues } from "./readValues.ts";

const usage = `npm run -s bench -- kernel [--json] [--starts N] [--cells N] [--ours]

Milliseconds from a kernel's start to its first answer, and of cells and completions, of our kernel and, in turn, of plain
tslab, Deno and ipykernel where they are to be had, or of ours alone. A cell's time ends when its reply and all its output have
come; a first cell's with its reply.`;

/** One measurement of one kernel. */
interface KernelRow {
  what: string;
  kernel: string;
  /** Median. */
  milliseconds: number;
  /** A tenth of the times are above. */
  slow: number;
  times: number;
  /** What it should be at most, for ours. */
  aim?: number;
  /** This kernel's median over ours: above 1 we are faster. */
  ratio?: number;
}

const aims: Record<string, number> = {
  "start to first answer": 500,
  "first cell, sent at once": 300,
  "first cell with types, sent at once": 300,
  "first cell with a type error, sent at once": 300,
  "first cell, sent 2 s after the start": 30,
  "trivial cell, same text": 5,
  "typed cell, distinct text": 20,
  "declaration, distinct text": 20,
  "cell with the library's types": 20,
  completion: 15,
  "completion of the library": 15,
};

export async function main(args: string[]): Promise<void> {
  const values = readValues(args, usage, {
    ours: { type: "boolean", default: false },
    starts: { type: "string", default: "5" },
    cells: { type: "string", default: "40" },
  });
  if (!values) return;
  const { kernels, missing, folder, remove } = findKernels(values.ours);
  try {
    for (const reason of missing) console.error(`skipped: ${reason}`);
    const rows = rowsOf(await measureKernels(kernels, folder, Number(values.starts), Number(values.cells)));
    console.log(values.json ? JSON.stringify(rows, undefined, 2) : tableOf(rows));
  } finally {
    remove();
  }
}

/** What was measured → kernel → milliseconds. */
type Times = Map<string, Map<string, number[]>>;

async function measureKernels(peers: KernelPeer[], folder: string, starts: number, cells: number): Promise<Times> {
  const times: Times = new Map();
  const note = (what: string, { name }: KernelPeer, milliseconds: number) => {
    const ofWhat = times.get(what) ?? new Map<string, number[]>();
    times.set(what, ofWhat);
    ofWhat.set(name, [...(ofWhat.get(name) ?? []), milliseconds]);
  };
  for (let start = 0; start < starts; start++)
    for (const peer of peers) {
      const kernel = await Kernel.start(peer, folder);
      note("start to first answer", peer, kernel.startTime);
      kernel.stop();
      note("first cell, sent at once", peer, await firstCell(peer, folder, "1 + 1", 0));
      for (const [kind, code] of Object.entries(peer.first))
        note(`first cell with ${kind}, sent at once`, peer, await firstCell(peer, folder, code, 0));
      note("first cell, sent 2 s after the start", peer, await firstCell(peer, folder, "1 + 1", 2000));
    }
  const running = new Map<KernelPeer, Kernel>();
  try {
    for (const peer of peers) {
      const kernel = await Kernel.start(peer, folder);
      running.set(peer, kernel);
      note("first cell", peer, await kernel.run("1 + 1"));
      for (const cell of peer.load) note("load the library", peer, await kernel.run(cell));
    }
    for (let index = -3; index < cells; index++)
      for (const [peer, kernel] of running) {
        // Code that was run three times runs as it will.
        const noted = (what: string, milliseconds: number) => index >= 0 && note(what, peer, milliseconds);
        const { libraryCell, libraryMembers } = peer;
        noted("trivial cell, same text", await kernel.run("1 + 1"));
        noted("typed cell, distinct text", await kernel.run(peer.typed(index + 100)));
        noted("declaration, distinct text", await kernel.run(peer.declaration(index + 100)));
        if (libraryCell) noted("cell with the library's types", await kernel.run(libraryCell(index + 100)));
        noted("completion", await kernel.complete(`${index + 100}; ${peer.members}`));
        if (libraryMembers)
          noted("completion of the library", await kernel.complete(`${index + 100}; ${libraryMembers}`));
      }
  } finally {
    for (const kernel of running.values()) kernel.stop();
  }
  return times;
}

/** The time to the answer of a first cell: from the start where it is sent at once, else from when it is sent. */
async function firstCell(peer: KernelPeer, folder: string, code: string, wait: number): Promise<number> {
  const start = performance.now();
  const kernel = await Kernel.spawn(peer, folder);
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  const sent = wait > 0 ? performance.now() : start;
  await kernel.answer(code);
  const time = performance.now() - sent;
  kernel.stop();
  return time;
}

function rowsOf(times: Times): KernelRow[] {
  return [...times].flatMap(([what, byKernel]) => {
    const ours = quantile(byKernel.get("flamingo") ?? [], 0.5);
    return [...byKernel].map(([kernel, all]): KernelRow => {
      const milliseconds = quantile(all, 0.5);
      const isOurs = kernel === "flamingo";
      const aim = isOurs && aims[what] !== undefined ? { aim: aims[what] } : {};
      const ratio = isOurs ? {} : { ratio: milliseconds / ours };
      return { what, kernel, milliseconds, slow: quantile(all, 0.9), times: all.length, ...aim, ...ratio };
    });
  });
}

function quantile(numbers: readonly number[], share: number): number {
  return (
    numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))] ?? Number.NaN
  );
}

function tableOf(rows: KernelRow[]): string {
  const head = ["what", "kernel", "ms", "9 of 10 below", "times", "aim", "to ours"];
  const lines = rows.map(({ what, kernel, milliseconds, slow, times, aim, ratio }) => [
    what,
    kernel,
    milliseconds.toFixed(1),
    slow.toFixed(1),
    String(times),
    aim === undefined ? "" : `${aim}${milliseconds > aim ? " missed" : ""}`,
    ratio?.toFixed(2) ?? "",
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  const pad = (line: string[]) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  return [head, ...lines].map((line) => pad(line).trimEnd()).join("\n");
}

/** A kernel's process, over TCP, which all of them speak. */
class Kernel {
  /** Milliseconds from its start to its first answer. */
  startTime = 0;
  readonly #channels: KernelChannels;
  readonly #process: KernelProcess;
  readonly #session = randomUUID();
  readonly #replies = new Map<string, () => void>();
  readonly #idle = new Map<string, () => void>();

  private constructor(peer: KernelPeer, folder: string, ports: number[]) {
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports as [
      number,
      number,
      number,
      number,
      number,
    ];
    const connection = {
      ...{ transport: "tcp" as const, ip: "127.0.0.1", key: randomBytes(16).toString("hex"), kernel_name: peer.name },
      ...{ signature_scheme: "hmac-sha256", shell_port, iopub_port, stdin_port, control_port, hb_port },
    };
    const file = join(folder, `${peer.name}.json`);
    writeFileSync(file, JSON.stringify(connection));
    this.#channels = new KernelChannels(connection, (channel, message) => this.#receive(channel, message), {
      iopub: true,
    });
    this.#process = new KernelProcess(peer.spec, file, { cwd: folder }, () => {});
  }

  /** Starts a kernel's process and waits for nothing: what is sent reaches it once it listens. */
  static async spawn(peer: KernelPeer, folder: string): Promise<Kernel> {
    return new Kernel(peer, folder, await freePorts(5));
  }

  /** Starts a kernel and waits until it is idle after its first answer. */
  static async start(peer: KernelPeer, folder: string): Promise<Kernel> {
    const ports = await freePorts(5);
    const start = performance.now();
    const kernel = new Kernel(peer, folder, ports);
    const death = kernel.#process.ended.then(({ how, output }) => {
      throw new Error(`${peer.name} ended ${how}: ${output}`);
    });
    death.catch(() => {}); // it is stopped in the end
    await Promise.race([kernel.#ask("kernel_info_request", {}).reply, death]);
    kernel.startTime = performance.now() - start;
    // Its output is heard only once the subscription has come through.
    for (let heard = false; !heard; ) {
      const { idle } = kernel.#ask("kernel_info_request", {});
      heard = await Promise.race([
        idle.then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 300, false)),
      ]);
    }
    return kernel;
  }

  /** Runs a cell and waits for its reply alone, since nobody may listen to its output yet. */
  async answer(code: string): Promise<void> {
    await this.#ask("execute_request", cellOf(code)).reply;
  }

  run(code: string): Promise<number> {
    return this.#time("execute_request", cellOf(code));
  }

  complete(code: string): Promise<number> {
    return this.#time("complete_request", { code, cursor_pos: code.length });
  }

  stop(): void {
    this.#process.kill();
    this.#channels.close();
  }

  async #time(type: string, content: Record<string, unknown>): Promise<number> {
    const start = performance.now();
    const { reply, idle } = this.#ask(type, content);
    await Promise.all([reply, idle]);
    return performance.now() - start;
  }

  #ask(type: string, content: Record<string, unknown>): { reply: Promise<void>; idle: Promise<void> } {
    const message: Message = {
      ...{ header: newHeader(type, this.#session), parent_header: {}, metadata: {}, content, buffers: [] },
    };
    const id = message.header.msg_id;
    const reply = new Promise<void>((resolve) => this.#replies.set(id, resolve));
    const idle = new Promise<void>((resolve) => this.#idle.set(id, resolve));
    this.#channels.send("shell", message);
    return { reply, idle };
  }

  #receive(channel: string, { header, parent_header: parent, content }: Message): void {
    const id = String(parent.msg_id);
    if (channel === "shell") this.#replies.get(id)?.();
    else if (header.msg_type === "status" && content.execution_state === "idle") this.#idle.get(id)?.();
  }
}

function cellOf(code: string): Record<string, unknown> {
  return { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
}
