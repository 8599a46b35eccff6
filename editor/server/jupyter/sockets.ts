import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Access } from "../access.ts";
import type { KernelManager } from "./kernels.ts";
import { jupyterPath } from "./routes.ts";
import { binaryProtocol, type ChannelMessage, fromWebSocket, toWebSocket } from "./webSocketMessage.ts";

/** A message from a client: a cell, or what a widget sends. */
const mostBytes = 100 * 1024 * 1024;
/** What may wait for a client that reads too slowly, before it is cut off. */
const mostWaiting = 512 * 1024 * 1024;

const path = new RegExp(`^${jupyterPath}/api/kernels/([\\w-]+)/channels(\\?|$)`);

/** Opens kernels' channels to websockets, beside whatever else listens for upgrades at other addresses. */
export function serveKernelSockets(http: Server, access: Access, kernels: KernelManager): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: mostBytes,
    handleProtocols: (offered) => (offered.has(binaryProtocol) ? binaryProtocol : false),
  });
  http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!request.url?.startsWith(`${jupyterPath}/`)) return;
    const id = path.exec(request.url)?.[1];
    if (!access.allowsKernelSocket(request)) refuse(socket, "403 Forbidden");
    else if (id === undefined || !kernels.has(id)) refuse(socket, "404 Not Found");
    else sockets.handleUpgrade(request, socket, head, (opened) => connect(opened, kernels, id, sessionOf(request)));
  });
  return sockets;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** By what a client is known again; without a name it is a new one each time. */
function sessionOf({ url }: IncomingMessage): string {
  const [, query] = (url ?? "").split("?");
  return new URLSearchParams(query).get("session_id") || randomUUID();
}

function connect(socket: WebSocket, kernels: KernelManager, id: string, session: string): void {
  const connection = kernels.connect(id, session, (message) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > mostWaiting) socket.close(1013, "the client reads too slowly");
    else socket.send(toWebSocket(message, socket.protocol));
  });
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    let message: ChannelMessage;
    try {
      message = fromWebSocket(isBinary ? data : data.toString(), socket.protocol);
    } catch (error) {
      socket.close(1007, (error as Error).message.slice(0, 100));
      return;
    }
    connection.send(message);
  });
  socket.on("close", () => connection.close());
  socket.on("error", () => socket.terminate());
}
