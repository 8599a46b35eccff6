import type { Server } from "node:http";
import type { RequestHandler } from "express";
import { flamingoKernelspec, kernelName } from "../../../kernel/client/kernelspec.ts";
import type { Home } from "../../../src/runs/home.ts";
import type { Access } from "../access.ts";
import { Contents } from "./contents.ts";
import { Documents } from "./documents.ts";
import { KernelManager, type KernelManagerOptions } from "./kernels.ts";
import { makeJupyterRouter } from "./routes.ts";
import { Sessions } from "./sessions.ts";
import { serveKernelSockets } from "./sockets.ts";

export interface JupyterOptions {
  home: Home;
  access: Access;
  /** Folder of the notebooks that come with the studio. */
  tutorials: string;
  kernels?: Partial<Omit<KernelManagerOptions, "env">>;
}

/** A Jupyter server without Python: notebooks in the home folder, and kernels that know the studio's home. */
export interface JupyterServer {
  router: RequestHandler;
  /** Opens the websockets of a server. */
  attach(http: Server): void;
  close(): Promise<void>;
}

export function makeJupyterServer({ home, access, tutorials, kernels: options }: JupyterOptions): JupyterServer {
  const kernels = new KernelManager({
    kernelspecs: { [kernelName]: flamingoKernelspec },
    env: { FLAMINGO_HOME: home.folder },
    ...options,
  });
  const documents = new Documents();
  const contents = new Contents({ own: home.notebooks, tutorials }, documents);
  const sessions = new Sessions(kernels, Object.keys(kernels.kernelspecs)[0]!, (path) => contents.folderOf(path));
  let closeSockets = () => {};
  return {
    router: makeJupyterRouter({ access, contents, kernels, sessions }),
    attach: (http) => {
      const sockets = serveKernelSockets(http, access, kernels);
      closeSockets = () => {
        for (const socket of sockets.clients) socket.terminate();
        sockets.close();
      };
    },
    close: async () => {
      await kernels.close();
      await documents.close();
      closeSockets();
    },
  };
}
