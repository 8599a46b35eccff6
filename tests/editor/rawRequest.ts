import { request as httpRequest, type OutgoingHttpHeaders } from "node:http";
import { connect } from "node:net";

export interface Route {
  method: string;
  path: string;
}

export interface Reply {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** A request with exactly these headers (less the undefined ones): no browser and no fetch that knows better. */
export function rawRequest(
  { port }: { port: number },
  { method, path }: Route,
  headers: OutgoingHttpHeaders,
  body = "",
): Promise<Reply> {
  const length = body === "" ? {} : { "content-length": Buffer.byteLength(body) };
  const sent = Object.fromEntries(Object.entries({ ...length, ...headers }).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, method, path, headers: sent }, (response) => {
      let text = "";
      response.on("data", (piece) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** What a browser sends to open a websocket from the studio's own page; the token is in the address. */
export function ourUpgrade({ port, origin }: { port: number; origin: string }) {
  return {
    Host: `127.0.0.1:${port}`,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    Origin: origin,
  };
}

/** The first line of the answer to a websocket's handshake. */
export function handshake(
  { port }: { port: number },
  path: string,
  headers: Record<string, string | undefined>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      const lines = Object.entries(headers).filter(([, value]) => value !== undefined);
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    });
    socket.once("data", (data) => {
      resolve(String(data).split("\r\n")[0]!);
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed without an answer")));
  });
}
