import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from "express";
import { FlamingoError } from "../../src/core/errors.ts";
import type { Findings } from "../../src/core/findings.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { printError } from "../../src/runs/fault.ts";
import { readRun } from "../../src/runs/folder.ts";
import {
  type Entered,
  type ErrorAnswer,
  enterPath,
  enterRequest,
  explanationRequest,
  findingsRequest,
  interventionRequest,
  modelRequest,
  type StudioInfo,
  type TraceRequest,
  takeVersionsRequest,
  traceRequest,
  uploadPart,
  uploadPath,
  uploadRequest,
  versionRequest,
  writeRequest,
} from "../shared/protocol.ts";
import type { Access } from "./access.ts";
import { containedFile } from "./containedFile.ts";
import { describePipeline, type Library, traceBlock } from "./describe.ts";
import type { DraftStore } from "./drafts.ts";
import { answerOf } from "./errorAnswer.ts";
import type { Inspectors } from "./inspectors.ts";
import { checkJson } from "./jsonLimits.ts";
import { jupyterPath } from "./jupyter/routes.ts";
import type { ModelStore } from "./models.ts";
import type { PipelineStore } from "./pipelines.ts";
import type { RunManager } from "./runs.ts";
import { sendFile } from "./sendFile.ts";
import type { VersionStore } from "./versions.ts";

export interface AppOptions {
  access: Access;
  library: Library;
  pipelines: PipelineStore;
  drafts: DraftStore;
  versions: VersionStore;
  models: ModelStore;
  runs: RunManager;
  inspectors: Inspectors;
  /** Answers under `jupyterPath`, with checks of its own. */
  jupyter: RequestHandler;
  /** Folder of the built page. */
  client: string;
  info: () => Promise<StudioInfo>;
}

/** What of a run folder may be read from outside: images and attention frames, by plain names. */
const runFile = /^[a-z0-9][a-z0-9-]{0,63}\.(json|png)$/;

/** The studio over HTTP. Everything passes a check before a route is looked for; every error is a report. */
export function makeApp(options: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", "simple");
  app.use(jupyterPath, options.jupyter);
  app.use(options.access.check);
  app.use(express.json({ limit: "1mb" }), (request: Request, _response: Response, next: NextFunction) => {
    checkJson(request.body);
    next();
  });
  addCatalogRoutes(app, options);
  addPipelineRoutes(app, options);
  addModelRoutes(app, options);
  addDraftRoutes(app, options);
  addVersionRoutes(app, options);
  addRunRoutes(app, options);
  app.get("/{*file}", async (request, response) => {
    const [folder, ...rest] = request.params.file ?? ["index.html"];
    if (folder === "assets") response.set("Cache-Control", "private, max-age=31536000, immutable"); // named by their hash
    await send(response, options.client, [folder, ...rest].join("/"));
  });
  app.use((request: Request) => {
    throw new FlamingoError("NOT_FOUND", `there is nothing at ${request.method} ${request.path}`);
  });
  app.use(answerError);
  return app;
}

function addCatalogRoutes(app: Express, { access, library, runs, info }: AppOptions): void {
  app.post(enterPath, (request, response) => {
    const parsed = enterRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    const entered: Entered = { token: access.redeem(parsed.data.code) };
    response.json(entered);
  });
  app.get("/api/studio", async (_request, response) => {
    response.json(await info());
  });
  app.get("/api/catalog", (_request, response) => {
    response.json(library.catalog);
  });
  app.post("/api/describe", (request, response) => {
    response.json(describePipeline(parsePipeline(request.body?.pipeline, "the pipeline"), library));
  });
  app.post("/api/findings", async (request, response) => {
    const parsed = findingsRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    const nothing: Findings = { facts: [], warnings: [] };
    response.json((await library.findingsOf?.(parsed.data, runs.home.models)) ?? nothing);
  });
  app.get("/api/weights", async (_request, response) => {
    response.json((await library.startingWeights?.(runs.home)) ?? []);
  });
  app.post("/api/trace", (request, response) => {
    const parsed = traceRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    response.json(traceBlock(parsed.data as TraceRequest, library));
  });
}

function addPipelineRoutes(app: Express, { pipelines }: AppOptions): void {
  app.get("/api/pipelines", async (_request, response) => {
    response.json(await pipelines.list());
  });
  app.get("/api/pipelines/:id", async (request, response) => {
    response.json(await pipelines.read(request.params.id));
  });
  app.put("/api/pipelines/:id", async (request, response) => {
    const parsed = writeRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    const pipeline = parsePipeline(parsed.data.pipeline, "the pipeline");
    response.json(await pipelines.write(request.params.id, pipeline, parsed.data.rev));
  });
}

function addModelRoutes(app: Express, { models }: AppOptions): void {
  app.post("/api/models", async (request, response) => {
    const parsed = modelRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    response.json(await models.open(parsed.data));
  });
  app.post(`${uploadPath}/:name`, async (request, response) => {
    const parsed = uploadRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    await models.begin(request.params.name, parsed.data);
    response.json({});
  });
  const bytes = express.raw({ type: "application/octet-stream", limit: uploadPart });
  app.put(`${uploadPath}/:name/:file`, bytes, async (request, response) => {
    const { name, file } = request.params as { name: string; file: string };
    const body: unknown = request.body;
    const part = body instanceof Uint8Array ? body : new Uint8Array(0); // express gives an empty body as {}
    await models.append(name, file, Number(request.query.from), part);
    response.json({});
  });
  app.delete(`${uploadPath}/:name`, async (request, response) => {
    await models.abandon(request.params.name);
    response.json({});
  });
}

function addDraftRoutes(app: Express, { drafts }: AppOptions): void {
  app.get("/api/drafts", async (_request, response) => {
    response.json(await drafts.list());
  });
  app.get("/api/drafts/:id", async (request, response) => {
    response.json(await drafts.read(request.params.id));
  });
  app.put("/api/drafts/:id", async (request, response) => {
    await drafts.write(request.params.id, request.body);
    response.status(204).end();
  });
  app.delete("/api/drafts/:id", async (request, response) => {
    await drafts.delete(request.params.id);
    response.status(204).end();
  });
}

function addVersionRoutes(app: Express, { versions }: AppOptions): void {
  app.get("/api/versions/:id", async (request, response) => {
    response.json(await versions.list(request.params.id));
  });
  app.post("/api/versions/:id", async (request, response) => {
    const parsed = versionRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    const pipeline = parsePipeline(parsed.data.pipeline, "the pipeline");
    response.json(await versions.add(request.params.id, parsed.data.name, pipeline));
  });
  app.post("/api/versions/:id/taken", async (request, response) => {
    const parsed = takeVersionsRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    await versions.take(request.params.id, parsed.data.from);
    response.status(204).end();
  });
  app.get("/api/versions/:id/:version", async (request, response) => {
    response.json(await versions.read(request.params.id, request.params.version));
  });
  app.delete("/api/versions/:id/:version", async (request, response) => {
    await versions.delete(request.params.id, request.params.version);
    response.status(204).end();
  });
}

function addRunRoutes(app: Express, { runs, inspectors }: AppOptions): void {
  app.post("/api/runs/:id/intervention", async (request, response) => {
    const parsed = interventionRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    response.json(await inspectors.ask(await runs.find(request.params.id), "intervention", parsed.data));
  });
  app.post("/api/runs/:id/explanation", async (request, response) => {
    const parsed = explanationRequest.safeParse(request.body);
    if (!parsed.success) throw unreadable(parsed.error);
    response.json(await inspectors.ask(await runs.find(request.params.id), "explanation", parsed.data));
  });
  app.get("/api/runs", async (_request, response) => {
    response.json(await runs.list());
  });
  app.get("/api/runs/:id/pipeline", async (request, response) => {
    response.json((await readRun(await runs.find(request.params.id))).pipeline);
  });
  app.get("/api/runs/:id/files/:name", async (request, response) => {
    const { id, name } = request.params;
    const folder = await runs.find(id);
    if (!runFile.test(name)) throw new FlamingoError("NOT_FOUND", `there is no file "${name}"`);
    response.set("Content-Disposition", "attachment");
    await send(response, folder, name);
  });
}

/** Sends a file that lies in a folder, or fails with NOT_FOUND. */
async function send(response: Response, folder: string, name: string): Promise<void> {
  await sendFile(response, await containedFile(folder, name));
}

function unreadable(error: { issues: { path: PropertyKey[]; message: string }[] }): FlamingoError {
  const { path, message } = error.issues[0]!;
  return new FlamingoError("USAGE", `${path.join(".") || "the request"}: ${message}`, { fix: "load the page again" });
}

/** Every error becomes a report. */
function answerError(error: unknown, request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) {
    next(error);
    return;
  }
  const { status, report } = answerOf(error);
  const answer: ErrorAnswer = { error: report };
  response.status(status);
  if (request.path === "/") response.type("text").send(printError(report));
  else response.json(answer);
}
