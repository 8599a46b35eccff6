import type { OutgoingHttpHeaders } from "node:http";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Access } from "../../editor/server/access.ts";
import { makeApp } from "../../editor/server/app.ts";
import { DraftStore } from "../../editor/server/drafts.ts";
import { Inspectors } from "../../editor/server/inspectors.ts";
import { ModelStore } from "../../editor/server/models.ts";
import { PipelineStore } from "../../editor/server/pipelines.ts";
import { RunManager } from "../../editor/server/runs.ts";
import { VersionStore } from "../../editor/server/versions.ts";
import { enterPath, requestHeader, uploadPath } from "../../editor/shared/protocol.ts";
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
    drafts: new DraftStore("/nowhere"),
    versions: new VersionStore("/nowhere"),
    models: new ModelStore(home, { catalog: {}, findBlock: () => undefined }),
    runs: new RunManager({ home, catalog: {}, trainer: "" }),
    inspectors: new Inspectors({ home, inspector: "" }),
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
    authorization: `Bearer ${studio.token}`,
    origin: studio.origin,
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
    [requestHeader]: "1",
  };
}

/** Parts of files come as bytes, all else as JSON. */
function typeOf({ method, path }: Route): OutgoingHttpHeaders {
  return method === "PUT" && path.startsWith(uploadPath) ? { "content-type": "application/octet-stream" } : {};
}

/** A stranger's request: what differs from ours, the answer, and which routes it is about. */
const strangers: {
  name: string;
  status: number;
  writesOnly?: boolean;
  headers(studio: TestStudio): OutgoingHttpHeaders;
}[] = [
  { name: "no token", status: 401, headers: () => ({ authorization: undefined }) },
  { name: "a bad token", status: 401, headers: () => ({ authorization: `Bearer ${"x".repeat(32)}` }) },
  { name: "a token in another way", status: 401, headers: ({ token }) => ({ authorization: `Basic ${token}` }) },
  {
    name: "the token as a cookie",
    status: 401,
    headers: ({ port, token }) => ({ authorization: undefined, cookie: `flamingo-${port}=${token}` }),
  },
  {
    name: "the cookie of another studio's page",
    status: 401,
    headers: ({ pageCookie }) => ({ authorization: undefined, cookie: pageCookie.replace(/\d+=/, "1=") }),
  },
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
  { name: "an evil origin", status: 403, headers: () => ({ origin: evil }) },
  { name: "the origin null", status: 403, headers: () => ({ origin: "null" }) },
  {
    name: "another scheme",
    status: 403,
    headers: ({ port }) => ({ origin: `https://127.0.0.1:${port}` }),
  },
  {
    name: "our other name",
    status: 403,
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
      "POST /api/enter",
      "GET /api/studio",
      "GET /api/catalog",
      "POST /api/describe",
      "POST /api/findings",
      "GET /api/weights",
      "POST /api/trace",
      "GET /api/pipelines",
      "GET /api/pipelines/first",
      "PUT /api/pipelines/first",
      "POST /api/models",
      "POST /api/uploads/first",
      "PUT /api/uploads/first/first",
      "DELETE /api/uploads/first",
      "GET /api/drafts",
      "GET /api/drafts/first",
      "PUT /api/drafts/first",
      "DELETE /api/drafts/first",
      "GET /api/versions/first",
      "POST /api/versions/first",
      "POST /api/versions/first/taken",
      "GET /api/versions/first/first",
      "DELETE /api/versions/first/first",
      "POST /api/runs/first/intervention",
      "POST /api/runs/first/explanation",
      "GET /api/runs",
      "GET /api/runs/first/pipeline",
      "GET /api/runs/first/files/first",
      "GET /index.html",
    ]);
  });

  test("answers our own page", async () => {
    const studio = await openStudio();
    for (const route of routes) {
      const { status, headers } = await rawRequest(studio, route, { ...ours(studio), ...typeOf(route) }, bodyOf(route));
      // The code that it brings is none: whoever has the token needs no code.
      if (route.path !== enterPath) expect([401, 403], `${route.method} ${route.path}`).not.toContain(status);
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
      // There nobody has a token yet: what is not a request of our page is refused, and without a code it opens nothing.
      if (route.path === enterPath && status === 401) expect(reply.status).toBe(400);
      else expect(reply.status, `${route.method} ${route.path}`).toBe(status);
      expect(reply.body).not.toContain(studio.token);
      expect(reply.headers["set-cookie"]).toBeUndefined();
    }
  });

  test("refuses whoever has the page's cookie alone, but for the page's own files", async () => {
    const studio = await openStudio();
    const headers = { ...ours(studio), authorization: undefined, cookie: studio.pageCookie };
    for (const route of routes) {
      const { status } = await rawRequest(studio, route, headers, bodyOf(route));
      const expected = route.path === "/index.html" ? 200 : route.path === enterPath ? 400 : 401;
      expect(status, `${route.method} ${route.path}`).toBe(expected);
    }
    const upgrade = { ...ourUpgrade(studio), Cookie: studio.pageCookie };
    expect(await handshake(studio, "/socket.io/?EIO=4&transport=websocket", upgrade)).toContain("400");
    expect(await handshake(studio, "/jupyter/api/kernels/none/channels", upgrade)).toContain("403");
    const notebooks = { method: "GET", path: "/jupyter/api/contents" };
    expect((await rawRequest(studio, notebooks, headers)).status).toBe(401);
    expect(studio.pageCookie).not.toContain(studio.token);
  });

  test("refuses a form that another site submits with our cookie", async () => {
    const studio = await openStudio();
    const form = {
      host: `127.0.0.1:${studio.port}`,
      cookie: studio.pageCookie,
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
    const upload = { method: "PUT", path: `${uploadPath}/a/config.json?from=0` };
    expect((await rawRequest(studio, upload, headers, body)).status).toBe(403); // no bytes
    const plain = { ...headers, "content-type": "text/plain" };
    expect((await rawRequest(studio, upload, plain, body)).status).toBe(403);
    const others = { ...headers, origin: evil };
    expect((await rawRequest(studio, { method: "POST", path: "/api/describe" }, others, body)).status).toBe(403);
  });
});

describe("the first visit", () => {
  test("opens the page by the token in the address, and leaves a cookie that opens the page and nothing else", async () => {
    const studio = await openStudio();
    const { pathname, search } = new URL(studio.url);
    const path = pathname + search;
    const reply = await rawRequest(studio, { method: "GET", path }, {});
    expect(reply).toMatchObject({ status: 200, body: "<title>studio</title>" });
    const cookie = String(reply.headers["set-cookie"]);
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Strict");
    expect(cookie).not.toContain(studio.token);
    const page = await rawRequest(studio, { method: "GET", path: "/" }, { cookie: cookie.split(";")[0] });
    expect(page).toMatchObject({ status: 200, body: "<title>studio</title>" });
    expect(page.headers["cache-control"]).toBe("no-store");
    expect((await rawRequest(studio, { method: "GET", path }, { host: "evil.example" })).status).toBe(403);
    expect((await rawRequest(studio, { method: "GET", path: "/?token=wrong" }, {})).status).toBe(401);
    expect((await rawRequest(studio, { method: "GET", path: `/api/runs${search}` }, {})).status).toBe(401);
  });

  test("by a code gives the token once, and the address that a browser is opened with does not hold it", async () => {
    const studio = await openStudio();
    const invite = new URL(studio.inviteUrl());
    expect(invite.href).not.toContain(studio.token);
    const page = await rawRequest(studio, { method: "GET", path: invite.pathname + invite.search }, {});
    expect(page).toMatchObject({ status: 200, body: "<title>studio</title>" });
    const headers = { origin: studio.origin, "content-type": "application/json", [requestHeader]: "1" };
    const enter = (code: string | null) =>
      rawRequest(studio, { method: "POST", path: enterPath }, headers, JSON.stringify({ code }));
    const code = invite.searchParams.get("code");
    expect((await enter("x".repeat(32))).status).toBe(401);
    expect(JSON.parse((await enter(code)).body)).toEqual({ token: studio.token });
    expect((await enter(code)).status).toBe(401);
    expect((await rawRequest(studio, { method: "GET", path: invite.pathname + invite.search }, {})).status).toBe(401);
    const foreign = { ...headers, origin: evil };
    const fresh = JSON.stringify({ code: new URL(studio.inviteUrl()).searchParams.get("code") });
    expect((await rawRequest(studio, { method: "POST", path: enterPath }, foreign, fresh)).status).toBe(403);
  });

  test("by a code is over after a minute, whatever the clock says", async () => {
    const access = new Access(1);
    const code = access.makeCode();
    const now = performance.now();
    const time = vi.spyOn(performance, "now").mockReturnValue(now + 61_000);
    onTestFinished(() => time.mockRestore());
    expect(() => access.redeem(code)).toThrow(expect.objectContaining({ code: "NO_TOKEN" }));
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
    expect(await handshake(studio, `${path}&token=${studio.token}`, ourUpgrade(studio))).toContain("101");
    const script = { ...ourUpgrade(studio), Origin: undefined, Authorization: `Bearer ${studio.token}` };
    expect(await handshake(studio, path, script)).toContain("101");
  });

  test.each([
    ["an evil host", { Host: "evil.example" }],
    ["an evil host with its own origin", { Host: "evil.example", Origin: evil }],
    ["an evil origin", { Origin: evil }],
    ["the origin null", { Origin: "null" }],
    ["our other name", { Origin: "http://localhost:1" }],
  ] as [string, Record<string, string | undefined>][])("refuses %s, also with the token", async (_, headers) => {
    const studio = await openStudio();
    const address = `${path}&token=${studio.token}`;
    expect(await handshake(studio, address, { ...ourUpgrade(studio), ...headers })).toContain("400");
  });

  test("refuses our own page without the token, or with another", async () => {
    const studio = await openStudio();
    for (const address of [path, `${path}&token=x`, `${path}&token=`])
      expect(await handshake(studio, address, ourUpgrade(studio))).toContain("400");
  });

  test("has no other way in than a websocket", async () => {
    const studio = await openStudio();
    const plain = { ...ourUpgrade(studio), Upgrade: undefined, Connection: "close" };
    const polling = `${path.replace("websocket", "polling")}&token=${studio.token}`;
    expect(await handshake(studio, polling, plain)).toContain("400");
  });
});
