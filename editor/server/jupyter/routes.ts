import express, { type NextFunction, type Request, type Response, Router } from "express";
import { z } from "zod";
import { kernelName } from "../../../kernel/client/kernelspec.ts";
import { drawLogo, type LogoName, logoNames } from "../../../kernel/client/logo.ts";
import { printBytes } from "../../../src/core/bytes.ts";
import { FlamingoError, withFix } from "../../../src/core/errors.ts";
import { version } from "../../../src/package/version.ts";
import type { Access } from "../access.ts";
import { answerOf } from "../errorAnswer.ts";
import { sendFile } from "../sendFile.ts";
import { type Contents, type ContentsModel, createRequest } from "./contents.ts";
import { parseBody, unreadable } from "./document.ts";
import type { KernelManager } from "./kernels.ts";
import { missing } from "./place.ts";
import type { Sessions } from "./sessions.ts";

/** Where the Jupyter API is: the base address that Jupyter's clients are given. */
export const jupyterPath = "/jupyter";

export interface Jupyter {
  access: Access;
  contents: Contents;
  kernels: KernelManager;
  sessions: Sessions;
}

/** A notebook with its images and plots. */
const mostBody = "100mb";

const kernelRequest = z.object({ name: z.string().nullish(), path: z.string().nullish() });
const sessionRequest = z.object({
  path: z.string(),
  name: z.string().optional(),
  type: z.string().optional(),
  kernel: z.object({ id: z.string().nullish(), name: z.string().nullish() }).optional(),
});

/** The Jupyter server's API over HTTP, as far as notebooks need it (Jupyter server, REST API). */
export function makeJupyterRouter(jupyter: Jupyter): Router {
  const router = Router();
  router.use(jupyter.access.checkJupyter);
  // Whatever its type says: Jupyter's own client sends JSON as plain text. What is saved is read elsewhere, being large.
  router.use(
    express.raw({ limit: mostBody, type: () => true }),
    (request: Request, _response: Response, next: NextFunction) => {
      const body: unknown = request.body;
      if (body instanceof Uint8Array && !isSaving(request)) request.body = parseSmall(body);
      next();
    },
  );
  addServerRoutes(router, jupyter);
  addKernelspecRoutes(router, jupyter);
  addKernelRoutes(router, jupyter);
  addSessionRoutes(router, jupyter);
  addContentsRoutes(router, jupyter);
  router.use((request: Request) => {
    throw new FlamingoError("NOT_FOUND", `there is nothing at ${request.method} ${request.baseUrl}${request.path}`);
  });
  router.use(answerError);
  return router;
}

function addServerRoutes(router: Router, { kernels }: Jupyter): void {
  const started = new Date().toISOString();
  router.get("/api", (_request, response) => {
    response.json({ version });
  });
  router.get("/api/status", (_request, response) => {
    const list = kernels.list();
    response.json({
      started,
      last_activity: [started, ...list.map(({ last_activity }) => last_activity)].sort().at(-1),
      kernels: list.length,
      connections: list.reduce((sum, { connections }) => sum + connections, 0),
    });
  });
  router.get("/api/me", (_request, response) => {
    const name = "flamingo";
    const identity = { username: name, name, display_name: name, initials: "F", avatar_url: null, color: null };
    response.json({ identity, permissions: {} });
  });
}

function addKernelspecRoutes(router: Router, { kernels }: Jupyter): void {
  const models = (base: string) => {
    const resources = (name: string) =>
      Object.fromEntries(logoNames.map((logo) => [logo.replace(/\.\w+$/, ""), `${base}/kernelspecs/${name}/${logo}`]));
    const entries = Object.entries(kernels.kernelspecs);
    return Object.fromEntries(entries.map(([name, spec]) => [name, { name, spec, resources: resources(name) }]));
  };
  router.get("/api/kernelspecs", (request, response) => {
    const kernelspecs = models(request.baseUrl);
    response.json({ default: Object.keys(kernelspecs)[0], kernelspecs });
  });
  router.get("/api/kernelspecs/:name", (request, response) => {
    const { name } = request.params;
    const kernelspecs = models(request.baseUrl);
    if (!Object.hasOwn(kernelspecs, name)) throw missing(name);
    response.json(kernelspecs[name]);
  });
  router.get("/kernelspecs/:name/:file", async (request, response) => {
    const { name, file } = request.params;
    const known = Object.hasOwn(kernels.kernelspecs, name) && (logoNames as readonly string[]).includes(file);
    if (!known) throw missing(file);
    response.type(file.endsWith("svg") ? "svg" : "png").send(await drawLogo(file as LogoName));
  });
}

function addKernelRoutes(router: Router, { kernels, contents }: Jupyter): void {
  router.get("/api/kernels", (_request, response) => {
    response.json(kernels.list());
  });
  router.post("/api/kernels", async (request, response) => {
    const { name, path } = read(kernelRequest, request.body ?? {});
    const model = await kernels.start(name || kernelName, await contents.folderOf(path ?? ""));
    response.status(201).location(`${request.baseUrl}/api/kernels/${model.id}`).json(model);
  });
  router.get("/api/kernels/:id", (request, response) => {
    response.json(kernels.get(request.params.id));
  });
  router.delete("/api/kernels/:id", async (request, response) => {
    await kernels.shutdown(request.params.id);
    response.status(204).end();
  });
  router.post("/api/kernels/:id/interrupt", async (request, response) => {
    await kernels.interrupt(request.params.id);
    response.status(204).end();
  });
  router.post("/api/kernels/:id/restart", async (request, response) => {
    response.json(await kernels.restart(request.params.id));
  });
}

function addSessionRoutes(router: Router, { sessions }: Jupyter): void {
  router.get("/api/sessions", (_request, response) => {
    response.json(sessions.list());
  });
  router.post("/api/sessions", async (request, response) => {
    const model = await sessions.open(read(sessionRequest, request.body));
    response.status(201).location(`${request.baseUrl}/api/sessions/${model.id}`).json(model);
  });
  router.get("/api/sessions/:id", (request, response) => {
    response.json(sessions.get(request.params.id));
  });
  router.patch("/api/sessions/:id", async (request, response) => {
    response.json(await sessions.change(request.params.id, read(sessionRequest.partial(), request.body)));
  });
  router.delete("/api/sessions/:id", async (request, response) => {
    await sessions.close(request.params.id);
    response.status(204).end();
  });
}

function addContentsRoutes(router: Router, { contents }: Jupyter): void {
  addCheckpointRoutes(router, contents);
  router.get("/api/contents{/*path}", async (request, response) => {
    const { type, format, content } = request.query as Record<string, string | undefined>;
    const { model, json } = await contents.get(pathOf(request), { type, format, content: content !== "0" });
    if (!json) {
      response.json(model);
      return;
    }
    const { content: _, ...rest } = model;
    const start = Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"content":`);
    response.type("json").send(Buffer.concat([start, json, Buffer.from("}")]));
  });
  router.put("/api/contents{/*path}", async (request, response) => {
    const { model, created } = await contents.save(pathOf(request), request.body ?? new Uint8Array());
    answerMade(request, response, model, created);
  });
  router.post("/api/contents{/*path}", async (request, response) => {
    answerMade(
      request,
      response,
      await contents.create(pathOf(request), read(createRequest, request.body ?? {})),
      true,
    );
  });
  router.patch("/api/contents{/*path}", async (request, response) => {
    const { path } = read(z.object({ path: z.string() }), request.body);
    response.json(await contents.rename(pathOf(request), path));
  });
  router.delete("/api/contents{/*path}", async (request, response) => {
    await contents.delete(pathOf(request));
    response.status(204).end();
  });
  router.get("/files{/*path}", async (request, response) => {
    const { file, mimetype } = await contents.file(pathOf(request));
    // Never as a page of ours, whatever it holds; images are shown all the same.
    response.set({ "Content-Disposition": "attachment", "Content-Security-Policy": "sandbox" });
    response.type(mimetype ?? "application/octet-stream");
    await sendFile(response, file);
  });
}

function addCheckpointRoutes(router: Router, contents: Contents): void {
  router.get("/api/contents/*path/checkpoints", async (request, response) => {
    response.json(await contents.checkpoints(pathOf(request)));
  });
  router.post("/api/contents/*path/checkpoints", async (request, response) => {
    response.status(201).json(await contents.addCheckpoint(pathOf(request)));
  });
  router.post("/api/contents/*path/checkpoints/:checkpoint", async (request, response) => {
    await contents.restoreCheckpoint(pathOf(request), request.params.checkpoint);
    response.status(204).end();
  });
  router.delete("/api/contents/*path/checkpoints/:checkpoint", async (request, response) => {
    await contents.deleteCheckpoint(pathOf(request), request.params.checkpoint);
    response.status(204).end();
  });
}

/** What is no document is small. */
const mostOther = 1024 * 1024;

function isSaving({ method, path }: Request): boolean {
  return method === "PUT" && path.startsWith("/api/contents");
}

function parseSmall(body: Uint8Array): unknown {
  if (body.length <= mostOther) return parseBody(body);
  throw new FlamingoError("USAGE", `the request is too large: it has ${printBytes(body.length)}`, {
    fix: `send at most ${printBytes(mostOther)}`,
  });
}

function pathOf(request: Request): string {
  const { path } = request.params as { path?: string[] };
  return (path ?? []).join("/");
}

function answerMade(request: Request, response: Response, model: ContentsModel, created: boolean): void {
  const address = model.path.split("/").map(encodeURIComponent).join("/");
  response
    .status(created ? 201 : 200)
    .location(`${request.baseUrl}/api/contents/${address}`)
    .json(model);
}

function read<Value>(schema: z.ZodType<Value>, body: unknown): Value {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw unreadable(parsed.error);
}

/** Jupyter's clients show `message`; ours has the whole report. */
function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) {
    next(error);
    return;
  }
  const { status, report } = answerOf(error);
  response.status(status).json({ message: withFix(report.message, report.fix), reason: report.code, error: report });
}
