import { z } from "zod";
import type { AttentionFrame } from "../../src/channels/attention.ts";
import type { LogRecord } from "../../src/channels/channel.ts";
import { deviceNames as devices } from "../../src/core/deviceNames.ts";
import type { ErrorReport } from "../../src/core/errors.ts";
import { bitWidths } from "../../src/core/quantization.ts";
import type { Problem } from "../../src/graph/check.ts";
import { type GraphBlock, type GraphBlocks, graphBlockSchema } from "../../src/graph/graph.ts";
import type { NewWeights } from "../../src/graph/newWeights.ts";
import type { ParameterCount } from "../../src/graph/parameterCounts.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";
import { marksChange, type RunMarks } from "../../src/runs/marks.ts";
import type { RunStatus } from "../../src/runs/record.ts";

/** What is changed in a run's model while it computes: see `Intervention` in src/inspection. */
const intervention = z.strictObject({
  gates: z.record(z.string(), z.number()).exactOptional(),
  layers: z.array(z.int()).exactOptional(),
  heads: z.array(z.strictObject({ layer: z.int(), head: z.int() })).exactOptional(),
  masked: z.array(z.int()).exactOptional(),
});

/** POST to `/api/runs/ID/intervention`: what the run's model says of its pinned images under an intervention. Answered with InterventionAnswer. */
export const interventionRequest = z.strictObject({
  intervention,
  /** Texts whose log-likelihood is asked for, by image. */
  labels: z.array(z.string().max(1000)).max(64),
  /** The pinned image that is shown in the place of each; its own without it. */
  images: z.array(z.int().nonnegative()).max(64).exactOptional(),
});
export type InterventionRequest = z.output<typeof interventionRequest>;

/** Its answer. */
export interface InterventionAnswer {
  /** The step of the checkpoint that the model is of. */
  step: number;
  gates: { name: string; value: number }[];
  samples: { image: number; caption: string; logLikelihood?: number }[];
}

/** POST to `/api/runs/ID/explanation`: a pinned image, followed through the run's model. Answered with ExplanationAnswer. */
export const explanationRequest = z.strictObject({
  intervention,
  image: z.int().nonnegative(),
  label: z.string().max(1000),
});
export type ExplanationRequest = z.output<typeof explanationRequest>;

/** A token and how likely it is to come next. */
export interface NextToken {
  word: string;
  probability: number;
}

/** Its answer; what the numbers are is told at `Explanation` in src/evaluation. */
export interface ExplanationAnswer {
  /** The step of the checkpoint that the model is of. */
  step: number;
  gateValues: { name: string; value: number }[];
  caption: string;
  frame: Omit<AttentionFrame, "step" | "document">;
  pixels: number[];
  features: { shape: number[]; norms: number[] };
  media: number[];
  gates: { name: string; update: string; before: number[]; updates: number[]; after: number[] }[];
  next: (NextToken & { masked: number })[][];
  masked: NextToken[];
}

/** Header that every request which changes something must carry: a page of another origin cannot set it. */
export const requestHeader = "x-flamingo-studio";

/** The browser sends its page's origin with a websocket always, and with nothing else always. */
export const socketTransports = ["websocket"] as const;

export const deviceNames = ["auto", ...devices] as const;

/** At most so many runs side by side. */
export const mostLanes = 4;

const runId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);

/** What the browser may ask over the socket. Every one is answered with `Answer`. */
export const requests = {
  /** Starts a run of a pipeline as it is now; editing meanwhile changes nothing in it. */
  "run:start": z.strictObject({
    pipeline: z.unknown(),
    seed: z.int().nonnegative().optional(),
    steps: z.int().positive().optional(),
    device: z.enum(deviceNames).optional(),
    /** Ids of the actions to run; all of them without it. */
    targets: z.array(z.string().max(200)).max(100).optional(),
    /** A run whose newest checkpoint it goes on from. */
    from: runId.optional(),
  }),
  "run:pause": z.strictObject({ run: runId }),
  "run:continue": z.strictObject({ run: runId }),
  /** Stops at the next step boundary, with a checkpoint. */
  "run:stop": z.strictObject({ run: runId }),
  /** How many runs are carried out side by side; without a number it is only asked. Answered with `{ lanes }`. */
  "queue:lanes": z.strictObject({ lanes: z.int().min(1).max(mostLanes).optional() }),
  /** Goes on with a stopped or failed run from its last checkpoint. */
  "run:resume": z.strictObject({ run: runId }),
  /** Sends the run's records from `next` on, and then each new one. */
  "run:watch": z.strictObject({ run: runId, next: z.int().nonnegative() }),
  "run:unwatch": z.strictObject({ run: runId }),
  /** Changes what is noted about a run; what is left out stays. */
  "run:mark": z.strictObject({ run: runId, marks: marksChange }),
  /** Moves a run that is over into the trash, from where it can be put back. */
  "run:delete": z.strictObject({ run: runId }),
  "run:restore": z.strictObject({ run: runId }),
  /** Answered with `{ runs: TrashedRun[] }`. */
  "trash:list": z.strictObject({}),
  "trash:empty": z.strictObject({}),
} as const;

export type RequestName = keyof typeof requests;
export type RequestOf<Name extends RequestName> = z.input<(typeof requests)[Name]>;

export type Answer<T = object> = { ok: true; value: T } | { ok: false; error: ErrorReport };

export interface RunSummary {
  id: string;
  /** As a person named it, else its pipeline's. */
  name: string;
  seed: number;
  /** What its channels say of the last steps: `loss 0.412`. */
  about: string[];
  marks: RunMarks;
  status: RunStatus;
  /** Milliseconds since 1970. */
  created: number;
  step: number;
  steps: number;
  /** What its checkpoints and weights take on the disk. */
  bytes: number;
}

/** A run in the trash. */
export interface TrashedRun {
  id: string;
  bytes: number;
}

/** Events from the browser to the server. */
export type ClientEvents = {
  "run:start": (request: RequestOf<"run:start">, answer: (answer: Answer<{ run: string }>) => void) => void;
} & {
  [Name in Exclude<RequestName, "run:start">]: (request: RequestOf<Name>, answer: (answer: Answer) => void) => void;
};

/** Events from the server to the browser. */
export interface ServerEvents {
  /**
   * New records of a watched run, in order, gathered for a tenth of a second. The next come after `taken` is called: for a page that is
   * slow they are gathered for longer, and none is lost.
   */
  "run:records": (message: { run: string; records: LogRecord[] }, taken: () => void) => void;
  /** The list of runs changed. */
  "runs:changed": (runs: RunSummary[]) => void;
}

/** POST: the page exchanges the code of its address for the token, once. Answered with Entered. */
export const enterPath = "/api/enter";
export const enterRequest = z.strictObject({ code: z.string().max(64) });
export interface Entered {
  token: string;
}

/** GET /api/studio: what the page needs once. */
export interface StudioInfo {
  version: string;
  /** The device that `auto` chose, and why. */
  device: { name: string; reason: string; description: string };
}

/** GET /api/pipelines lists these; templates come first and cannot be overwritten. */
export interface PipelineSummary {
  id: string;
  name: string;
  description: string;
  template: boolean;
  /** Milliseconds since 1970. */
  modified: number;
}

/** GET /api/pipelines/:id, and the answer of PUT. `rev` names the content: it changes when the file does. */
export interface StoredPipeline {
  id: string;
  rev: string;
  template: boolean;
  pipeline: Pipeline;
}

/**
 * PUT /api/pipelines/:id, body: the pipeline, and the `rev` that was read; without `rev` the pipeline must be new.
 * Answered 409 with CONFLICT if the file has another content by now.
 */
export const writeRequest = z.strictObject({ rev: z.string().max(64).optional(), pipeline: z.unknown() });

/** Work that was not saved yet. */
export const draftSchema = z.strictObject({
  pipeline: z.unknown(),
  /** The stored pipeline that it began from, and the revision that was read. */
  id: z.string().max(64).exactOptional(),
  rev: z.string().max(64).exactOptional(),
  template: z.boolean(),
  /** True if it differs from what is stored. */
  changed: z.boolean(),
  /** The run that it was started as. */
  run: runId.exactOptional(),
  /** When it was kept, in milliseconds since 1970. */
  time: z.number().exactOptional(),
});
export type Draft = z.output<typeof draftSchema> & { pipeline: Pipeline };

/** GET /api/drafts lists these, the newest first; GET, PUT and DELETE /api/drafts/:id are of a Draft. */
export interface KeptDraft {
  id: string;
  /** Milliseconds since 1970. */
  modified: number;
}

/** POST /api/versions/:id, of a pipeline: gives its state at a moment a name. */
export const versionRequest = z.strictObject({ name: z.string().trim().min(1).max(120), pipeline: z.unknown() });

/** GET /api/versions/:id lists these, the newest first; one is also the answer of POST. */
export interface VersionSummary {
  version: string;
  name: string;
  /** Milliseconds since 1970. */
  time: number;
}

/** GET /api/versions/:id/:version; DELETE removes it. */
export interface NamedVersion extends VersionSummary {
  pipeline: Pipeline;
}

/** POST /api/versions/:id/taken: the versions of another pipeline become this one's, as when it is saved under a name of its own. */
export const takeVersionsRequest = z.strictObject({ from: z.string().max(64) });

/** What every request over HTTP is answered with when it fails. */
export interface ErrorAnswer {
  error: ErrorReport;
}

/** POST /api/describe, body `{ pipeline }`: what is known of each node without running it. */
export interface Description {
  problems: Problem[];
  nodes: Record<string, ParameterCount>;
  /** What changed copies of blocks have beyond what they were made from. */
  newWeights: Record<string, NewWeights>;
}

/** POST /api/findings, body: a node with its full configuration. Answered with its Findings, or with what is wrong. */
export const findingsRequest = z.strictObject({
  id: z.string().max(64),
  type: z.string().max(64),
  config: z.record(z.string(), z.json()),
  weights: z.string().max(100).optional(),
});
export type FindingsRequest = z.output<typeof findingsRequest>;

/** GET /api/weights lists what a node may start from. */
export interface StartingWeights {
  name: string;
  title: string;
  /** Of a run: the nodes that it has trained. */
  nodes?: string[];
}

/** Bytes of a file that a browser sends at a time. */
export const uploadPart = 16 * 1024 * 1024;

/** Under this path files of models come, as bytes: everything else that is sent is JSON. */
export const uploadPath = "/api/uploads";

/**
 * POST /api/uploads/:name begins an upload of a model's files; PUT /api/uploads/:name/:file?from=N sends a part of one, in order; DELETE
 * throws away what came.
 */
export const uploadRequest = z.strictObject({
  files: z
    .array(z.strictObject({ name: z.string().max(130), size: z.int().nonnegative() }))
    .min(1)
    .max(2000),
});
export type UploadRequest = z.output<typeof uploadRequest>;

/** POST /api/models makes a pipeline of a model: of the one at a path of this machine, or of the files that were sent under its name. */
export const modelRequest = z.strictObject({
  path: z.string().min(1).max(4096).optional(),
  name: z.string().max(64).optional(),
  /** Bits in which frozen matrices are held. */
  quantize: z.literal(bitWidths).optional(),
});
export type ModelRequest = z.output<typeof modelRequest>;

/** Answer of POST /api/models. */
export interface ImportedModel {
  /** Of the pipeline. */
  id: string;
  family: string;
  parameters: number;
  notes: string[];
}

/** POST /api/trace, body: which block to open. Answered with its Inside. */
export const traceRequest = z.strictObject({
  type: z.string(),
  config: z.record(z.string(), z.json()),
  /** Its inputs that are given. */
  ports: z.array(z.string()),
  /** Fields of its configuration that are to be fields of the inside; what follows from them is then expressed by their names. */
  fields: z.array(z.string()).default([]),
  frozen: z.union([z.boolean(), z.literal("pretrained")]).optional(),
  pretrained: z.boolean().optional(),
  /** The pipeline's own blocks, which it may be one of or hold. */
  blocks: z.record(z.string(), graphBlockSchema).optional(),
});
export type TraceRequest = Omit<z.input<typeof traceRequest>, "blocks"> & { blocks?: GraphBlocks };

/** The inside of a block: a graph that runs, and the parameters of its nodes. */
export interface Inside {
  graph: GraphBlock;
  nodes: Record<string, ParameterCount>;
}

/** GET /api/runs lists RunSummary; GET /api/runs/:id/pipeline is the pipeline as it ran;
 * GET /api/runs/:id/files/:name is a file of the run folder: `pinned-0.png`, `attention-000100.json`. */
