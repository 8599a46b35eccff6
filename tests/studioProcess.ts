import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { io, type Socket } from "socket.io-client";
import { type Pipeline, parsePipeline } from "../src/pipeline/schema.ts";
import { readTemplate } from "../src/runs/templates.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Starts a command of `flamingo` in a process of its own, on a home of its own. */
export function spawnFlamingo(home: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, ["src/command/flamingo.js", ...args], {
    cwd: root,
    env: { ...process.env, FLAMINGO_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A studio in a process of its own. */
export interface StudioProcess {
  child: ChildProcess;
  /** The address that it printed. */
  url: string;
  /** Opens a socket to it, as the page does. */
  connect(): Socket;
}

/** Waits for the address that `flamingo start` prints. */
export async function studioOf(child: ChildProcess): Promise<StudioProcess> {
  let address = "";
  for await (const line of createInterface(child.stdout!)) {
    if (!line.startsWith("http://")) continue;
    address = line;
    break;
  }
  child.stdout!.resume();
  const { origin, searchParams } = new URL(address);
  const query = { token: searchParams.get("token")! };
  return { child, url: address, connect: () => io(origin, { transports: ["websocket"], forceNew: true, query }) };
}

/** Asks a studio over its socket. @param patience in milliseconds @throws Error with the studio's message */
export async function ask<T = { run: string }>(
  socket: Socket,
  name: string,
  body: object,
  patience = 120_000,
): Promise<T> {
  const answer = await socket.timeout(patience).emitWithAck(name, body);
  if (!answer.ok) throw new Error(`${name}: ${answer.error.message}`);
  return answer.value;
}

/** A language model that takes a few milliseconds a step. */
export async function quickPipeline(training: { steps: number; checkpointEvery: number }): Promise<Pipeline> {
  const template = await readTemplate("pretrain-language");
  const nodes = Object.fromEntries(
    Object.entries(template.nodes).map(([id, node]) => {
      const change: Record<string, object> = {
        EmojiSentences: { batch: 2, length: 8 },
        FlamingoLanguageModel: { dim: 16, layers: 1 },
        Train: { warmup: 2, ...training },
      };
      return [id, { ...node, config: { ...node.config, ...change[node.type] } }];
    }),
  );
  return parsePipeline(JSON.parse(JSON.stringify({ ...template, nodes })), "the quick pipeline");
}
