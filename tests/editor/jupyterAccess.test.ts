import type { OutgoingHttpHeaders } from "node:http";
import { describe, expect, test } from "vitest";
import { Access } from "../../editor/server/access.ts";
import { Contents } from "../../editor/server/jupyter/contents.ts";
import { Documents } from "../../editor/server/jupyter/documents.ts";
import { KernelManager } from "../../editor/server/jupyter/kernels.ts";
import { makeJupyterRouter } from "../../editor/server/jupyter/routes.ts";
import { Sessions } from "../../editor/server/jupyter/sessions.ts";
import { requestHeader } from "../../editor/shared/protocol.ts";
import { openStudio, type TestStudio } from "./openStudio.ts";
import { handshake, ourUpgrade, type Route, rawRequest } from "./rawRequest.ts";

/** Every route of the API, as its router has them: a new one is in the table by itself. */
function allRoutes(): Route[] {
  const kernels = new KernelManager({ kernelspecs: {}, env: {} });
  const contents = new Contents({ own: "/nowhere", tutorials: "/nowhere" }, new Documents());
  const sessions = new Sessions(kernels, "", (path) => contents.folderOf(path));
  const router = makeJupyterRouter({ access: new Access(1), kernels, contents, sessions });
  const layers = router.stack as unknown as { route?: { path: string; methods: Record<string, boolean> } }[];
  return layers.flatMap(({ route }) =>
    Object.keys(route?.methods ?? {}).map((method) => ({
      method: method.toUpperCase(),
      path: `/jupyter${route!.path.replace("{/*path}", "/first").replace("*path", "first").replaceAll(/:\w+/g, "first")}`,
    })),
  );
}

const routes = allRoutes();
const evil = "http://evil.example";

/** What the studio's own page sends. */
function ours({ port, token, origin }: TestStudio): OutgoingHttpHeaders {
  return {
    host: `127.0.0.1:${port}`,
    authorization: `token ${token}`,
    origin,
    "sec-fetch-site": "same-origin",
    "content-type": "text/plain;charset=UTF-8", // as @jupyterlab/services has it
    [requestHeader]: "1",
  };
}

/** What a Jupyter client outside of a browser sends. */
function tool({ port, token }: TestStudio): OutgoingHttpHeaders {
  return { host: `127.0.0.1:${port}`, authorization: `token ${token}`, "content-type": "application/json" };
}

interface Stranger {
  name: string;
  status: number;
  headers(studio: TestStudio): OutgoingHttpHeaders;
}

const strangers: Stranger[] = [
  { name: "no token", status: 401, headers: (studio) => ({ ...ours(studio), authorization: undefined }) },
  {
    name: "a bad token",
    status: 401,
    headers: (studio) => ({ ...tool(studio), authorization: "token x" }),
  },
  {
    name: "a token in a way that is nobody's",
    status: 401,
    headers: (studio) => ({ ...tool(studio), authorization: `Basic ${studio.token}` }),
  },
  {
    name: "the page's cookie alone",
    status: 401,
    headers: (studio) => ({ ...ours(studio), authorization: undefined, cookie: studio.pageCookie }),
  },
  { name: "an evil host", status: 403, headers: (studio) => ({ ...tool(studio), host: "evil.example" }) },
  {
    name: "a name that is pointed at us",
    status: 403,
    headers: (studio) => ({ ...ours(studio), host: "evil.example", origin: evil }),
  },
  {
    name: "another site's script",
    status: 403,
    headers: (studio) => ({ ...ours(studio), "sec-fetch-site": "cross-site", origin: evil }),
  },
  { name: "another origin with the token", status: 403, headers: (studio) => ({ ...tool(studio), origin: evil }) },
  { name: "the origin null with the token", status: 403, headers: (studio) => ({ ...tool(studio), origin: "null" }) },
  { name: "an evil origin", status: 403, headers: (studio) => ({ ...ours(studio), origin: evil }) },
  {
    name: "a form with a cookie",
    status: 401,
    headers: (studio) => ({
      ...ours(studio),
      authorization: undefined,
      cookie: studio.pageCookie,
      "content-type": "application/x-www-form-urlencoded",
    }),
  },
];

describe("every route of the Jupyter API", () => {
  test("is in the table", () => {
    expect(routes.map(({ method, path }) => `${method} ${path.slice("/jupyter".length)}`)).toEqual([
      "GET /api",
      "GET /api/status",
      "GET /api/me",
      "GET /api/kernelspecs",
      "GET /api/kernelspecs/first",
      "GET /kernelspecs/first/first",
      "GET /api/kernels",
      "POST /api/kernels",
      "GET /api/kernels/first",
      "DELETE /api/kernels/first",
      "POST /api/kernels/first/interrupt",
      "POST /api/kernels/first/restart",
      "GET /api/sessions",
      "POST /api/sessions",
      "GET /api/sessions/first",
      "PATCH /api/sessions/first",
      "DELETE /api/sessions/first",
      "GET /api/contents/first/checkpoints",
      "POST /api/contents/first/checkpoints",
      "POST /api/contents/first/checkpoints/first",
      "DELETE /api/contents/first/checkpoints/first",
      "GET /api/contents/first",
      "PUT /api/contents/first",
      "POST /api/contents/first",
      "PATCH /api/contents/first",
      "DELETE /api/contents/first",
      "GET /files/first",
    ]);
  });

  /** No kernel of that name is there, so that none is started. */
  const body = ({ method }: Route) =>
    method === "GET" ? "" : '{"name": "none", "path": "", "kernel": {"name": "none"}}';

  test.each([
    ["our own page", ours],
    ["a client with the token", tool],
    ["a client with the token as a bearer", (studio: TestStudio) => ({ authorization: `Bearer ${studio.token}` })],
  ])("answers %s", async (_, headers) => {
    const studio = await openStudio();
    for (const route of routes) {
      const reply = await rawRequest(studio, route, headers(studio), body(route));
      expect([401, 403, 500], `${route.method} ${route.path}: ${reply.body}`).not.toContain(reply.status);
      expect(reply.headers["x-content-type-options"]).toBe("nosniff");
      expect(reply.headers["referrer-policy"]).toBe("no-referrer");
      expect(reply.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test("answers whoever has the token in the address, and no foreign origin", async () => {
    const studio = await openStudio();
    const route = { method: "GET", path: `/jupyter/api/status?token=${studio.token}` };
    expect((await rawRequest(studio, route, {})).status).toBe(200);
    expect((await rawRequest(studio, route, { origin: evil })).status).toBe(403);
    expect((await rawRequest(studio, { ...route, path: "/jupyter/api/status?token=x" }, {})).status).toBe(401);
  });

  test.each(strangers)("refuses $name", async ({ status, headers }) => {
    const studio = await openStudio();
    const everywhere = [...routes, { method: "GET", path: "/jupyter/" }, { method: "POST", path: "/jupyter/nothing" }];
    for (const route of everywhere) {
      const reply = await rawRequest(studio, route, headers(studio), body(route));
      expect(reply.status, `${route.method} ${route.path}`).toBe(status);
      expect(reply.body).not.toContain(studio.token);
      expect(reply.headers["set-cookie"]).toBeUndefined();
    }
  });
});

test("paths lead nowhere outside, however they are written", async () => {
  const studio = await openStudio();
  for (const way of [
    "../../secret.txt",
    "..%2f..%2fsecret.txt",
    "%2e%2e/%2e%2e/secret.txt",
    "..%5csecret.txt",
    "a%00b",
  ])
    for (const kind of ["api/contents", "files"]) {
      const reply = await rawRequest(studio, { method: "GET", path: `/jupyter/${kind}/${way}` }, tool(studio));
      expect([400, 404], way).toContain(reply.status);
      expect(reply.body).not.toBe("secret");
    }
});

test("a file of the user's is never a page of ours", async () => {
  const studio = await openStudio();
  const path = "/jupyter/api/contents/page.html";
  const content = JSON.stringify({ type: "file", format: "text", content: "<script>alert(1)</script>" });
  expect((await rawRequest(studio, { method: "PUT", path }, tool(studio), content)).status).toBe(201);
  const { headers } = await rawRequest(studio, { method: "GET", path: "/jupyter/files/page.html" }, tool(studio));
  expect(headers).toMatchObject({ "content-disposition": "attachment", "content-security-policy": "sandbox" });
});

describe("a kernel's websocket", () => {
  const channels = "/jupyter/api/kernels/none/channels?session_id=a";

  test("is looked for by our own page, and by a client with the token", async () => {
    const studio = await openStudio();
    const address = `${channels}&token=${studio.token}`;
    expect(await handshake(studio, address, ourUpgrade(studio))).toContain("404");
    expect(await handshake(studio, address, { ...ourUpgrade(studio), Origin: undefined })).toContain("404");
    for (const scheme of ["token", "Bearer"]) {
      const headers = { Authorization: `${scheme} ${studio.token}`, Origin: undefined };
      expect(await handshake(studio, channels, { ...ourUpgrade(studio), ...headers })).toContain("404");
    }
  });

  test.each([
    ["no token", {}],
    ["a bad token", { Authorization: "token x" }],
    ["an evil host", { Host: "evil.example" }],
    ["an evil host with its own origin", { Host: "evil.example", Origin: evil }],
    ["an evil origin", { Origin: evil }],
    ["the origin null", { Origin: "null" }],
    ["our other name", { Origin: "http://localhost:1" }],
  ] as [string, Record<string, string | undefined>][])("refuses %s", async (name, headers) => {
    const studio = await openStudio();
    const address = name.includes("token") ? channels : `${channels}&token=${studio.token}`;
    expect(await handshake(studio, address, { ...ourUpgrade(studio), ...headers })).toContain("403");
  });

  test("refuses another origin that has the token", async () => {
    const studio = await openStudio();
    for (const origin of [evil, "null"]) {
      const headers = { ...ourUpgrade(studio), Origin: origin };
      expect(await handshake(studio, `${channels}&token=${studio.token}`, headers)).toContain("403");
    }
  });
});
