import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { reportOf } from "../../../src/core/errors.ts";
import type { Access } from "../access.ts";
import type { KernelConnection, KernelManager } from "./kernels.ts";
import { jupyterPath } from "./routes.ts";
import { binaryProtocol, fromWebSocket, toWebSocket } from "./webSocketMessage.ts";

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
    if (!access.allowsSocket(request)) refuse(socket, "403 Forbidden");
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

/** Connects a client. Whatever goes wrong with one client's messages ends its own socket only. */
function connect(socket: WebSocket, kernels: KernelManager, id: string, session: string): void {
  const refuse = (code: number, error: unknown) => socket.close(code, closeReason(reportOf(error).message));
  let connection: KernelConnection;
  try {
    connection = kernels.connect(id, session, (message) => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > mostWaiting) socket.close(1013, "the client reads too slowly");
      else attempt(() => socket.send(toWebSocket(message, socket.protocol)));
    });
  } catch (error) {
    refuse(1011, error); // the kernel ended while the socket was opened
    return;
  }
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    try {
      connection.send(fromWebSocket(isBinary ? data : data.toString(), socket.protocol));
    } catch (error) {
      refuse(1007, error);
    }
  });
  socket.on("close", () => connection.close());
  socket.on("error", () => socket.terminate());

  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      refuse(1011, error);
    }
  }
}

/** A websocket's protocol allows 123 bytes of UTF-8 for the reason why it is closed. */
const longestReason = 123;

/** As much of a message as fits, cut between characters. */
function closeReason(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= longestReason) return bytes.toString();
  let end = longestReason - Buffer.byteLength("…");
  while ((bytes[end]! & 0xc0) === 0x80) end--; // not within a character
  return `${bytes.toString("utf8", 0, end)}…`;
}
