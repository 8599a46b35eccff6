import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FlamingoError } from "../../src/core/errors.ts";
import { builtFolder } from "../../src/package/compiled.ts";
import { version } from "../../src/package/version.ts";
import type { Home } from "../../src/runs/home.ts";
import { announceStudio } from "../../src/runs/studioAddress.ts";
import type { StudioInfo } from "../shared/protocol.ts";
import { Access } from "./access.ts";
import { makeApp } from "./app.ts";
import type { Library } from "./describe.ts";
import { DraftStore } from "./drafts.ts";
import { Inspectors } from "./inspectors.ts";
import { type JupyterOptions, makeJupyterServer } from "./jupyter/jupyter.ts";
import { ModelStore } from "./models.ts";
import { PipelineStore } from "./pipelines.ts";
import { RunManager } from "./runs.ts";
import { serveSockets } from "./sockets.ts";
import { VersionStore } from "./versions.ts";

export interface StudioOptions {
  home: Home;
  library: Library;
  /** Which device `auto` chooses, once that is known. */
  device: Promise<StudioInfo["device"]>;
  /** The port that must be used; without it, the first free one from 7007 on. 0 takes any free one. */
  port?: number;
  /** Folder of the built page. */
  client?: string;
  templates?: string;
  /** Folder of the notebooks that come with the studio. */
  tutorials?: string;
  /** What notebooks' kernels there are, and how many may run. */
  kernels?: JupyterOptions["kernels"];
  /** The module that a run's process loads. */
  trainer?: string;
  /** Milliseconds that a run has to stop by itself. */
  grace?: number;
}

export interface Studio {
  /** Address with the token. */
  url: string;
  /** An address for one browser, once: what other users of the machine may see on its command line. */
  inviteUrl(): string;
  port: number;
  token: string;
  /** How many runs wait for the device. */
  waiting(): number;
  /**
   * Stops the run that goes on, with a checkpoint, then the notebooks' kernels and the server. Runs that wait do so until
   * the next start.
   */
  close(): Promise<void>;
}

const host = "127.0.0.1";
const firstPort = 7007;
const portsTried = 50;
const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Folder into which the page is built. */
export const clientFolder = join(builtFolder, "client");

/**
 * Starts the studio's server, for this machine only.
 * @throws FlamingoError PORT_IN_USE
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const { home, library, device, grace, kernels } = options;
  const http = createServer();
  const port = await listen(http, options.port);
  const access = new Access(port);
  const runs = new RunManager({
    home,
    catalog: library.catalog,
    trainer: options.trainer ?? fileURLToPath(new URL("./trainer.ts", import.meta.url)),
    ...(grace === undefined ? {} : { grace }),
  });
  const inspectors = new Inspectors({ home, inspector: fileURLToPath(new URL("./inspector.ts", import.meta.url)) });
  const jupyter = makeJupyterServer({
    home,
    access,
    tutorials: options.tutorials ?? beside("../../notebooks"),
    ...(kernels === undefined ? {} : { kernels }),
  });
  const app = makeApp({
    access,
    jupyter: jupyter.router,
    library,
    runs,
    inspectors,
    pipelines: new PipelineStore(options.templates ?? beside("../templates"), home.pipelines),
    drafts: new DraftStore(home.drafts),
    versions: new VersionStore(home.versions),
    models: new ModelStore(home, library),
    client: options.client ?? clientFolder,
    info: async () => ({ version, device: await device }),
  });
  http.on("request", app);
  const io = serveSockets(http, access, runs);
  jupyter.attach(http);
  await runs.recover();
  const url = `http://${host}:${port}/?token=${access.token}`;
  const withdraw = announceStudio(home, url);
  return {
    url,
    port,
    inviteUrl: () => `http://${host}:${port}/?code=${access.makeCode()}`,
    token: access.token,
    waiting: () => runs.waiting,
    close: async () => {
      withdraw();
      inspectors.close();
      await Promise.all([runs.close(), jupyter.close()]);
      await io.close();
    },
  };
}

async function listen(http: Server, port: number | undefined): Promise<number> {
  if (port !== undefined) return tryPort(http, port);
  for (let candidate = firstPort; candidate < firstPort + portsTried; candidate++) {
    try {
      return await tryPort(http, candidate);
    } catch (error) {
      if (!(error instanceof FlamingoError)) throw error;
    }
  }
  return tryPort(http, 0);
}

function tryPort(http: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const fix = "leave --port out, or name another";
      if (error.code === "EADDRINUSE") reject(new FlamingoError("PORT_IN_USE", `port ${port} is taken`, { fix }));
      else if (error.code === "EACCES")
        reject(new FlamingoError("PORT_IN_USE", `port ${port} is not for everyone`, { fix }));
      else reject(error);
    };
    http.once("error", fail);
    http.listen(port, host, () => {
      http.off("error", fail);
      resolve((http.address() as AddressInfo).port);
    });
  });
}
