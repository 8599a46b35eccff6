import type { OutgoingHttpHeaders, Server } from "node:http";
import type { Express, Router } from "express";
import type { Server as SocketServer } from "socket.io";
import { expect, test, vi } from "vitest";
import { enterPath, requestHeader, requests } from "../../editor/shared/protocol.ts";
import { openStudio, Tab, type TestStudio } from "./openStudio.ts";
import { handshake, ourUpgrade, type Route, rawRequest } from "./rawRequest.ts";

/** What the studio of this test runs, as it made it: a way in that is added anywhere is in the matrix by itself. */
const running = vi.hoisted(() => ({}) as { app: Express; jupyter: Router; sockets: SocketServer; http: Server });

vi.mock(import("../../editor/server/app.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    makeApp: (options) => {
      running.app = real.makeApp(options);
      return running.app;
    },
  };
});
vi.mock(import("../../editor/server/jupyter/routes.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    makeJupyterRouter: (options) => {
      running.jupyter = real.makeJupyterRouter(options);
      return running.jupyter;
    },
  };
});
vi.mock(import("../../editor/server/sockets.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    serveSockets: (http, access, runs) => {
      running.http = http;
      const sockets = real.serveSockets(http, access, runs);
      running.sockets = sockets as unknown as SocketServer;
      return sockets;
    },
  };
});

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

/** All routes of a router. @throws where another router stands in it, whose address its layer does not tell */
function routesIn(router: unknown, prefix: string, known: unknown[] = []): Route[] {
  const { stack } = router as { stack: Layer[] };
  return stack.flatMap(({ route, handle }) => {
    if (!route) {
      if (handle.stack && !known.includes(handle)) throw new Error("a router that the matrix does not know");
      return [];
    }
    const paths = [route.path].flat().map((path) => prefix + path.replace(/\{\/\*\w+\}|\/\*\w+|:\w+/g, "/first"));
    return Object.keys(route.methods).flatMap((method) =>
      paths.map((path) => ({ method: method.toUpperCase(), path: path.replaceAll("//", "/") })),
    );
  });
}

const strangers: Record<string, (studio: TestStudio) => OutgoingHttpHeaders> = {
  "no token": () => ({ authorization: undefined }),
  "a bad token": () => ({ authorization: "Bearer x" }),
  "the cookie alone": ({ pageCookie }) => ({ authorization: undefined, cookie: pageCookie }),
  "the token as a cookie": ({ port, token }) => ({ authorization: undefined, cookie: `flamingo-${port}=${token}` }),
  "another host": () => ({ host: "evil.example" }),
  "another origin": () => ({ origin: "http://evil.example" }),
  "another port's origin": () => ({ origin: "http://127.0.0.1:1" }),
  "the origin null": () => ({ origin: "null" }),
  "another site's script": () => ({ "sec-fetch-site": "cross-site" }),
};

test("every route that the studio answers refuses every stranger", async () => {
  const studio = await openStudio();
  const routes = [
    ...routesIn((running.app as unknown as { router: unknown }).router, "", [running.jupyter]),
    ...routesIn(running.jupyter, "/jupyter"),
    { method: "GET", path: "/jupyter/nothing" },
    { method: "POST", path: "/nothing" },
  ];
  expect(routes.length).toBeGreaterThan(35);
  const ours = {
    host: `127.0.0.1:${studio.port}`,
    authorization: `Bearer ${studio.token}`,
    origin: studio.origin,
    "content-type": "application/json",
    [requestHeader]: "1",
  };
  for (const [name, headers] of Object.entries(strangers)) {
    for (const route of routes) {
      const body = route.method === "GET" ? "" : "{}";
      const { status } = await rawRequest(studio, route, { ...ours, ...headers(studio) }, body);
      const what = `${name}: ${route.method} ${route.path}`;
      const isPage = route.method === "GET" && !/^\/(api|jupyter)\//.test(route.path);
      if (route.path === enterPath) expect([400, 401, 403], what).toContain(status);
      else if (name === "the cookie alone" && isPage) expect(status, what).toBe(404);
      else expect([401, 403], what).toContain(status);
    }
  }
});

test("every way to open a socket refuses every stranger, and only the known events are heard on one", async () => {
  const studio = await openStudio();
  expect(running.http.listeners("upgrade")).toHaveLength(2); // Socket.IO's, and the kernels'
  const ways = ["/socket.io/?EIO=4&transport=websocket", "/jupyter/api/kernels/none/channels?session_id=a"];
  for (const way of ways)
    for (const [name, headers] of Object.entries(strangers)) {
      const address = name.includes("token") || name.includes("cookie") ? way : `${way}&token=${studio.token}`;
      const sent = Object.fromEntries(
        Object.entries(headers(studio)).map(([key, value]) => [key === "host" ? "Host" : key, value as string]),
      );
      if (sent.origin) sent.Origin = sent.origin;
      delete sent.origin;
      const answer = await handshake(studio, address, { ...ourUpgrade(studio), ...sent }).catch(() => "closed");
      if (name === "another site's script") expect(answer, `${name}: ${way}`).not.toContain("500");
      else expect(answer, `${name}: ${way}`).toMatch(/400|403|closed/);
    }
  const tab = new Tab(studio);
  await tab.until(() => tab.socket.connected && tab.runs !== undefined);
  await expect.poll(() => running.sockets.sockets.sockets.size).toBe(1);
  const [socket] = running.sockets.sockets.sockets.values();
  expect(new Set(socket!.eventNames())).toEqual(new Set([...Object.keys(requests), "disconnect", "error"]));
});
