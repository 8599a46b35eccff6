import type { OutgoingHttpHeaders } from "node:http";
import { describe, expect, test } from "vitest";
import { Access } from "../../editor/server/access.ts";
import { makeApp } from "../../editor/server/app.ts";
import { PipelineStore } from "../../editor/server/pipelines.ts";
import { RunManager } from "../../editor/server/runs.ts";
import { requestHeader } from "../../editor/shared/protocol.ts";
import { findHome } from "../../src/runs/home.ts";
import { fakePipeline } from "../runs/fakeLibrary.ts";
import { openStudio, type TestStudio } from "./openStudio.ts";
import { handshake, ourUpgrade, type Route, rawRequest } from "./rawRequest.ts";

/** Every route of the app, as its router has them: a new one is in the table by itself. */
function allRoutes(): Route[] {
  const home = findHome({ FLAMINGO_HOME: "/nowhere" });
  const app = makeApp({
    access: new Access(1),
    jupyter: (_request, _response, next) => next(), // its routes have a table of their own
    library: { catalog: {}, findBlock: () => undefined },
    pipelines: new PipelineStore("/nowhere", "/nowhere"),
    runs: new RunManager({ home, catalog: {}, trainer: "" }),
    client: "/nowhere",
    info: () => Promise.reject(new Error("not asked")),
  });
  const layers = app.router.stack as unknown as { route?: { path: string; methods: Record<string, boolean> } }[];
  return layers.flatMap(({ route }) =>
    Object.keys(route?.methods ?? {}).map((method) => ({
      method: method.toUpperCase(),
      path: route!.path.replace("/{*file}", "/index.html").replaceAll(/:\w+/g, "first"),
    })),
  );
}

const routes = allRoutes();
const evil = "http://evil.example";

/** What our own page sends. */
function ours(studio: TestStudio): OutgoingHttpHeaders {
  return {
    host: `127.0.0.1:${studio.port}`,
    cookie: `flamingo-${studio.port}=${studio.token}`,
    origin: studio.origin,
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
    [requestHeader]: "1",
  };
}

/** A stranger's request: what differs from ours, the answer, and which routes it is about. */
const strangers: {
  name: string;
  status: number;
  writesOnly?: boolean;
  headers(studio: TestStudio): OutgoingHttpHeaders;
}[] = [
  { name: "no token", status: 401, headers: () => ({ cookie: "" }) },
  { name: "a bad token", status: 401, headers: ({ port }) => ({ cookie: `flamingo-${port}=${"x".repeat(32)}` }) },
  { name: "another studio's cookie", status: 401, headers: ({ token }) => ({ cookie: `flamingo-1=${token}` }) },
  { name: "a bad bearer", status: 401, headers: () => ({ cookie: "", authorization: "Bearer x" }) },
  { name: "an evil host", status: 403, headers: () => ({ host: "evil.example" }) },
  {
    name: "a name that is pointed at us",
    status: 403,
    headers: () => ({ host: "127.0.0.1.evil.example", origin: "http://127.0.0.1.evil.example" }),
  },
  { name: "no host that can be read", status: 403, headers: () => ({ host: "@127.0.0.1" }) },
  { name: "another site's script", status: 403, headers: () => ({ "sec-fetch-site": "cross-site", origin: evil }) },
  {
    name: "another port's script",
    status: 403,
    headers: () => ({ "sec-fetch-site": "same-site", origin: "http://127.0.0.1:1" }),
  },
  { name: "an evil origin", status: 403, writesOnly: true, headers: () => ({ origin: evil }) },
  { name: "the origin null", status: 403, writesOnly: true, headers: () => ({ origin: "null" }) },
  { name: "no origin", status: 403, writesOnly: true, headers: () => ({ origin: undefined }) },
  {
    name: "another scheme",
    status: 403,
    writesOnly: true,
    headers: ({ port }) => ({ origin: `https://127.0.0.1:${port}` }),
  },
  {
    name: "our other name",
    status: 403,
    writesOnly: true,
    headers: ({ port }) => ({ origin: `http://localhost:${port}` }),
  },
  { name: "no header of ours", status: 403, writesOnly: true, headers: () => ({ [requestHeader]: undefined }) },
  {
    name: "a form",
    status: 403,
    writesOnly: true,
    headers: () => ({ "content-type": "application/x-www-form-urlencoded" }),
  },
  { name: "plain text", status: 403, writesOnly: true, headers: () => ({ "content-type": "text/plain" }) },
];

function bodyOf({ method }: Route): string {
  return method === "GET" ? "" : "{}";
}

describe("every route", () => {
  test("is in the table", () => {
    expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/studio",
      "GET /api/catalog",
      "POST /api/describe",
      "POST /api/trace",
      "GET /api/pipelines",
      "GET /api/pipelines/first",
      "PUT /api/pipelines/first",
      "GET /api/runs",
      "GET /api/runs/first/pipeline",
      "GET /api/runs/first/files/first",
      "GET /index.html",
    ]);
  });

  test("answers our own page", async () => {
    const studio = await openStudio();
    for (const route of routes) {
      const { status, headers } = await rawRequest(studio, route, ours(studio), bodyOf(route));
      expect([401, 403], `${route.method} ${route.path}`).not.toContain(status);
      expect(headers["content-security-policy"]).toContain("default-src 'self'");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["x-powered-by"]).toBeUndefined();
    }
  });

  test.each(strangers)("refuses $name", async ({ status, headers, writesOnly }) => {
    const studio = await openStudio();
    const everywhere = [...routes, { method: "POST", path: "/" }, { method: "DELETE", path: "/api/pipelines/first" }];
    for (const route of everywhere) {
      if (writesOnly && route.method === "GET") continue;
      const reply = await rawRequest(studio, route, { ...ours(studio), ...headers(studio) }, bodyOf(route));
      expect(reply.status, `${route.method} ${route.path}`).toBe(status);
      expect(reply.body).not.toContain(studio.token);
      expect(reply.headers["set-cookie"]).toBeUndefined();
    }
  });

  test("refuses a form that another site submits with our cookie", async () => {
    const studio = await openStudio();
    const form = {
      host: `127.0.0.1:${studio.port}`,
      cookie: `flamingo-${studio.port}=${studio.token}`,
      origin: evil,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "content-type": "application/x-www-form-urlencoded",
    };
    for (const { path } of [...routes, { path: "/" }])
      expect((await rawRequest(studio, { method: "POST", path }, form, "a=1")).status).toBe(403);
  });

  test("answers a script that has the token as a bearer, and no origin", async () => {
    const studio = await openStudio();
    const headers = {
      authorization: `Bearer ${studio.token}`,
      "content-type": "application/json",
      [requestHeader]: "1",
    };
    const body = JSON.stringify({ pipeline: fakePipeline() });
    const reply = await rawRequest(studio, { method: "POST", path: "/api/describe" }, headers, body);
    expect(reply.status).toBe(200);
    const others = { ...headers, origin: evil };
    expect((await rawRequest(studio, { method: "POST", path: "/api/describe" }, others, body)).status).toBe(403);
  });
});

describe("the first visit", () => {
  test("turns the token in the address into a cookie, once, and cleans the address", async () => {
    const studio = await openStudio();
    const { pathname, search } = new URL(studio.url);
    const path = pathname + search;
    const reply = await rawRequest(studio, { method: "GET", path }, {});
    expect(reply.status).toBe(303);
    expect(reply.headers.location).toBe("/");
    const cookie = String(reply.headers["set-cookie"]);
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Strict");
    const page = await rawRequest(studio, { method: "GET", path: "/" }, { cookie: cookie.split(";")[0] });
    expect(page).toMatchObject({ status: 200, body: "<title>studio</title>" });
    expect(page.headers["cache-control"]).toBe("no-store");
    expect((await rawRequest(studio, { method: "GET", path }, { host: "evil.example" })).status).toBe(403);
    expect((await rawRequest(studio, { method: "GET", path: "/?token=wrong" }, {})).status).toBe(401);
    expect((await rawRequest(studio, { method: "GET", path: `/api/runs${search}` }, {})).status).toBe(401);
  });

  test("says in words what is missing where there is no token", async () => {
    const reply = await rawRequest(await openStudio(), { method: "GET", path: "/" }, {});
    expect(reply.body).toMatch(/^NO_TOKEN: .*\. Fix: open the address that `flamingo start` printed$/);
  });

  test("may be by a link on another site, whose cookie comes with the second look", async () => {
    const studio = await openStudio();
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    const first = await rawRequest(studio, { method: "GET", path: "/" }, link);
    expect(first).toMatchObject({ status: 401, headers: { refresh: "0; url=/" } });
    expect((await rawRequest(studio, { method: "GET", path: "/" }, {})).headers.refresh).toBeUndefined();
  });
});

describe("the socket", () => {
  const path = "/socket.io/?EIO=4&transport=websocket";

  test("opens for our own page, and for a script with the token", async () => {
    const studio = await openStudio();
    expect(await handshake(studio, path, ourUpgrade(studio))).toContain("101");
    const script = {
      ...ourUpgrade(studio),
      Cookie: undefined,
      Origin: undefined,
      Authorization: `Bearer ${studio.token}`,
    };
    expect(await handshake(studio, path, script)).toContain("101");
  });

  test.each([
    ["no token", { Cookie: undefined }],
    ["a bad token", { Cookie: "flamingo-1=x" }],
    ["an evil host", { Host: "evil.example" }],
    ["an evil host with its own origin", { Host: "evil.example", Origin: evil }],
    ["an evil origin", { Origin: evil }],
    ["the origin null", { Origin: "null" }],
    ["no origin", { Origin: undefined }],
    ["our other name", { Origin: "http://localhost:1" }],
  ] as [string, Record<string, string | undefined>][])("refuses %s", async (_, headers) => {
    const studio = await openStudio();
    expect(await handshake(studio, path, { ...ourUpgrade(studio), ...headers })).toContain("400");
  });

  test("has no other way in than a websocket", async () => {
    const studio = await openStudio();
    const plain = { ...ourUpgrade(studio), Upgrade: undefined, Connection: "close" };
    expect(await handshake(studio, path.replace("websocket", "polling"), plain)).toContain("400");
  });
});
