import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { io, type Socket } from "socket.io-client";
import { onTestFinished } from "vitest";
import { type Studio, type StudioOptions, startStudio } from "../../editor/server/studio.ts";
import {
  type Answer,
  type ClientEvents,
  type RequestName,
  type RequestOf,
  type RunSummary,
  requestHeader,
  type ServerEvents,
  socketTransports,
} from "../../editor/shared/protocol.ts";
import { emptyNotebook, printNotebook } from "../../kernel/nbformat/notebook.ts";
import { makeCatalog } from "../../src/core/catalog.ts";
import { findBlock } from "../../src/core/registry.ts";
import { importModel } from "../../src/execution/importModel.ts";
import { models } from "../../src/models/index.ts";
import { findHome } from "../../src/runs/home.ts";
import { emptyRun, foldRecords, type RunState } from "../../src/runs/state.ts";
import { fakeCatalog, fakePipeline } from "../runs/fakeLibrary.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const fakeTrainer = fileURLToPath(new URL("fakeTrainer.ts", import.meta.url));

export interface TestStudio extends Studio {
  home: string;
  origin: string;
  /** What a browser sends that was on the page before. */
  pageCookie: string;
  /** Asks over HTTP as the studio's own page does. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Sends JSON as the page does. */
  send(method: string, path: string, body: unknown): Promise<Response>;
}

/** A real studio on a free port, with a model that is none. It ends with the test. */
export async function openStudio(
  options: { home?: string; grace?: number; kernels?: StudioOptions["kernels"] } = {},
): Promise<TestStudio> {
  const folder = temporaryFolder();
  const home = options.home ?? join(folder, "home");
  const templates = join(folder, "templates");
  const client = join(folder, "client");
  const tutorials = join(folder, "tutorials");
  mkdirSync(templates);
  mkdirSync(tutorials);
  mkdirSync(join(client, "assets"), { recursive: true });
  writeFileSync(join(templates, "first.json"), JSON.stringify(fakePipeline({ name: "First" })));
  writeFileSync(join(tutorials, "01.ipynb"), printNotebook(emptyNotebook()));
  writeFileSync(join(client, "index.html"), "<title>studio</title>");
  writeFileSync(join(client, "assets", "page.js"), "export {};");
  writeFileSync(join(folder, "secret.txt"), "secret");
  const studio = await startStudio({
    home: findHome({ FLAMINGO_HOME: home }),
    library: {
      catalog: { ...fakeCatalog, ...makeCatalog(models) },
      findBlock,
      importModel,
    },
    device: Promise.resolve({ name: "cpu", reason: "for tests", description: "none" }),
    port: 0,
    templates,
    client,
    trainer: fakeTrainer,
    grace: options.grace ?? 10_000,
    tutorials,
    ...(options.kernels === undefined ? {} : { kernels: options.kernels }),
  });
  onTestFinished(() => studio.close());
  const origin = `http://127.0.0.1:${studio.port}`;
  const authorization = `Bearer ${studio.token}`;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${origin}${path}`, { redirect: "manual", ...init, headers: { authorization, ...init.headers } });
  const send = (method: string, path: string, body: unknown) =>
    ask(path, {
      method,
      headers: { origin, "content-type": "application/json", [requestHeader]: "1" },
      body: JSON.stringify(body),
    });
  const [pageCookie] = (await fetch(studio.url)).headers.get("set-cookie")!.split(";");
  return { ...studio, home, origin, pageCookie: pageCookie!, ask, send };
}

/** A browser tab, as far as the socket goes. */
export class Tab {
  readonly socket: Socket<ServerEvents, ClientEvents>;
  readonly states = new Map<string, RunState>();
  readonly received = new Map<string, number[]>();
  runs: RunSummary[] = [];
  /** Messages with records that came. */
  messages = 0;
  #held: (() => void)[] | undefined;
  readonly #waiting = new Set<() => void>();

  constructor({ origin, token }: TestStudio) {
    this.socket = io(origin, {
      transports: [...socketTransports],
      forceNew: true,
      extraHeaders: { origin },
      query: { token },
    });
    onTestFinished(() => void this.socket.close());
    this.socket.on("run:records", ({ run, records }, taken) => {
      if (this.#held) this.#held.push(taken);
      else taken();
      this.messages++;
      this.states.set(run, foldRecords(this.state(run), records));
      this.received.set(run, [...(this.received.get(run) ?? []), ...records.map(({ seq }) => seq)]);
      this.#look();
    });
    this.socket.on("runs:changed", (runs) => {
      this.runs = runs;
      this.#look();
    });
  }

  state(run: string): RunState {
    return this.states.get(run) ?? emptyRun();
  }

  /** From here on the tab is busy: it does not say that it has taken what comes. Returns what ends that. */
  stall(): () => void {
    const held: (() => void)[] = [];
    this.#held = held;
    return () => {
      this.#held = undefined;
      for (const taken of held) taken();
    };
  }

  /** Asks, and gives the answer. */
  async request<Name extends RequestName>(name: Name, body: RequestOf<Name>): Promise<Answer<{ run?: string }>> {
    const emit = this.socket as unknown as { emitWithAck(name: string, body: unknown): Promise<Answer> };
    return emit.emitWithAck(name, body);
  }

  /** Starts a run and watches it. */
  async start(body: RequestOf<"run:start">): Promise<string> {
    const answer = await this.request("run:start", body);
    if (!answer.ok) throw new Error(answer.error.message);
    const run = answer.value.run!;
    await this.request("run:watch", { run, next: 0 });
    return run;
  }

  /** Comes back when what the tab has seen is as asked. */
  until(seen: () => boolean): Promise<void> {
    if (seen()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!seen()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }
}
