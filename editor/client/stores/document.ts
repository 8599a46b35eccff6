import type { Catalog } from "../../../src/core/catalog.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { sameComputation } from "../../../src/graph/computation.ts";
import { pipelineNotebook } from "../../../src/pipeline/notebook.ts";
import { pipelineOfPicture } from "../../../src/pipeline/picture.ts";
import { pipelineProgram } from "../../../src/pipeline/program.ts";
import { emptyPipeline, type Pipeline, readPipeline, writePipeline } from "../../../src/pipeline/schema.ts";
import type {
  Description,
  Draft,
  PipelineSummary,
  RequestOf,
  RunSummary,
  StoredPipeline,
  StudioInfo,
} from "../../shared/protocol.ts";
import { sameGraph } from "../edit/delta.ts";
import { draftId } from "../edit/draft.ts";
import { draftOf, keepDrafts, newestDraft, showDraft } from "./drafts.ts";
import { openDialog, setCatalog, setDescription, setOrigin, setOriginRun, showPipeline, useEditor } from "./editor.ts";
import { download } from "./files.ts";
import { tell, tellError } from "./notices.ts";
import { noteRunPipeline } from "./ownRun.ts";
import { currentPlan, earlierRun } from "./plan.ts";
import { getJson, sendJson } from "./request.ts";
import { useRun } from "./run.ts";
import { showPanel, useSettings } from "./settings.ts";
import { request, showFirstRun, useStudio, watchRun } from "./studio.ts";

/** Loads what the page begins with: the catalog, the draft or else the first template, and the run at work. */
export async function begin(): Promise<void> {
  const [catalog, info, runs] = await Promise.all([
    getJson<Catalog>("/api/catalog"),
    getJson<StudioInfo>("/api/studio"),
    getJson<RunSummary[]>("/api/runs"),
  ]);
  setCatalog(catalog);
  useStudio.setState({ info, runs });
  const draft = await newestDraft();
  if (draft?.changed) showDraft(draft);
  else await openFirst(draft);
  keepDrafts();
  describeChanges();
  showFirstRun(runs);
}

export function listPipelines(): Promise<PipelineSummary[]> {
  return getJson<PipelineSummary[]>("/api/pipelines");
}

/** Opens a stored pipeline. */
export async function openPipeline(id: string): Promise<void> {
  const stored = await storedPipeline(id);
  const draft = await draftOf(id);
  showStored(stored);
  if (draft?.changed && !stored.template) tellDraft(draft);
}

/** Says that there is unsaved work on a pipeline, and offers to take it up again. */
function tellDraft(draft: Draft): void {
  const when = draft.time === undefined ? "" : `, of ${new Date(draft.time).toLocaleString()}`;
  const perform = () => showDraft(draft);
  tell(`There is unsaved work on “${draft.pipeline.name}”${when}`, { label: "Take it up", perform });
}

/** Which files hold a pipeline: its own, and pictures that carry one. */
export const pipelineFiles = ".json,.png,.svg";

export function mayHoldPipeline({ name }: Pick<File, "name">): boolean {
  return pipelineFiles.split(",").some((ending) => name.toLowerCase().endsWith(ending));
}

/** Opens a file of the user's: a pipeline, or a picture that carries one. */
export async function openFile(file: File): Promise<void> {
  const isPicture = mayHoldPipeline(file) && !file.name.toLowerCase().endsWith(".json");
  const pipeline = isPicture
    ? pipelineOfPicture(new Uint8Array(await file.arrayBuffer()), file.name)
    : readPipeline(await file.text(), file.name);
  showPipeline(pipeline, { template: false, changed: true });
}

/** Puts the pipeline of a run on the canvas, as it ran. */
export async function openRunPipeline(run: string): Promise<void> {
  const pipeline = await getJson<Pipeline>(`/api/runs/${run}/pipeline`);
  showPipeline(pipeline, { template: false, changed: true, run });
}

export function createPipeline(): void {
  showPipeline(emptyPipeline(), { template: false, changed: false });
}

/** Saves under the id that it was opened from; a template, or a new pipeline, asks for a name. */
export async function savePipeline(): Promise<void> {
  const { origin, pipeline } = useEditor.getState();
  if (origin.id === undefined || origin.template) openDialog("save");
  else {
    try {
      await put(origin.id, pipeline, origin.rev);
    } catch (error) {
      const isConflict =
        error instanceof FlamingoError && error.code === "CONFLICT" && error.details.actual !== undefined;
      if (!isConflict) throw error;
      openDialog("conflict");
    }
  }
}

/** A stored pipeline as its file is now. */
export function storedPipeline(id: string): Promise<StoredPipeline> {
  return getJson<StoredPipeline>(`/api/pipelines/${id}`);
}

/** Writes the pipeline over what its file has by now. @param rev of what was seen there */
export async function overwritePipeline(id: string, rev: string): Promise<void> {
  await put(id, useEditor.getState().pipeline, rev);
  openDialog(undefined);
}

/**
 * Saves under a name; the id is made from it.
 * @param replaced the revision of another pipeline of that id that is to be replaced
 * @returns the revision of the pipeline that stands there already, if it was not to be replaced; nothing is saved then
 */
export async function savePipelineAs(name: string, replaced?: string): Promise<string | undefined> {
  const id = idOf(name);
  const { pipeline, origin } = useEditor.getState();
  const own = origin.id === id && !origin.template ? origin.rev : undefined;
  try {
    await put(id, { ...pipeline, name }, replaced ?? own);
    // Versions that were named before it had a name of its own go with it.
    const from = draftId(origin);
    if (origin.template || origin.id === undefined) await sendJson("POST", `/api/versions/${id}/taken`, { from });
  } catch (error) {
    const found = error instanceof FlamingoError && error.code === "CONFLICT" ? error.details.actual : undefined;
    if (typeof found === "string" && own === undefined) return found;
    throw error;
  }
  openDialog(undefined);
  return undefined;
}

/** The name that is proposed for one's own version of a template. */
export function ownName(template: string): string {
  return /^my\b/i.test(template) ? template : `My ${template.charAt(0).toLowerCase()}${template.slice(1)}`;
}

/** The id under which a name is stored: `Emoji captions` is `emoji-captions`. */
export function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return id || "pipeline";
}

/** Hands the pipeline to the browser as a file. */
export function downloadPipeline(): void {
  const { pipeline } = useEditor.getState();
  download(`${idOf(pipeline.name)}.json`, writePipeline(pipeline));
}

/** Hands the pipeline to the browser as something that runs by itself: with the seed and the steps of the shown run, if that ran it as it is. */
export function exportPipeline(form: "program" | "notebook"): void {
  const { pipeline, library } = useEditor.getState();
  const name = idOf(pipeline.name);
  if (form === "notebook") {
    download(`${name}.ipynb`, `${JSON.stringify(pipelineNotebook(pipeline, library), undefined, 1)}\n`);
    return;
  }
  const earlier = earlierRun();
  const same = earlier && sameComputation(earlier.pipeline, pipeline);
  download(`${name}.ts`, pipelineProgram(pipeline, same ? { seed: earlier.seed, steps: earlier.steps } : { seed: 0 }));
}

type RunOptions = Omit<RequestOf<"run:start">, "pipeline" | "seed">;

/**
 * Runs the pipeline, without what the shown run has done already: where nothing is left, its results stay, and to run all again is
 * offered; where only what is judged is left, the trained model is taken from it.
 */
export async function runPipeline(options: RunOptions = {}): Promise<void> {
  const { pipeline, library } = useEditor.getState();
  const earlier = earlierRun();
  const plan = currentPlan({ targets: options.targets }).filter(({ verdict }) => verdict !== "unused");
  const runs = plan.filter(({ verdict }) => verdict === "runs");
  if (!earlier || runs.length === plan.length) return startRun(options);
  if (runs.length === 0) {
    const again = () => void startRun(options).catch(tellError);
    tell("All of this ran already with the same seed: its results are shown", { label: "Run again", perform: again });
    return;
  }
  const isLeft = runs.every(({ node }) => library[pipeline.nodes[node]?.type ?? ""]?.stage === "evaluate");
  const canGoOn = isLeft && useRun.getState().state.checkpoints.length > 0;
  await startRun({ ...options, ...(canGoOn ? { from: earlier.id } : {}) });
}

/** Runs some actions only. What judges a model comes after the training of that model, so that runs too, or is taken from the shown run. */
export async function runActions(targets: readonly string[]): Promise<void> {
  const { pipeline, library } = useEditor.getState();
  const stageOf = (id: string) => library[pipeline.nodes[id]?.type ?? ""]?.stage;
  const trainings = Object.keys(pipeline.nodes).filter((id) => stageOf(id) === "train");
  const judges = targets.some((id) => stageOf(id) === "evaluate");
  await runPipeline({ targets: [...new Set([...(judges ? trainings : []), ...targets])] });
}

/** Starts a run for each seed, or one where none is named; the first one is shown, and the others wait. */
export async function startRuns(seeds: readonly number[], options: RunOptions = {}): Promise<void> {
  const [first, ...others] = seeds;
  await startRun({ ...options, ...(first === undefined ? {} : { seed: first }) });
  const { pipeline } = useEditor.getState();
  for (const seed of others) await request("run:start", { pipeline, ...options, seed });
  if (others.length > 0) tell(`${seeds.length} runs are started, one for each seed`);
}

/** Starts a run of the pipeline as it is now, and shows it. */
async function startRun(options: RunOptions & { seed?: number } = {}): Promise<void> {
  const { pipeline } = useEditor.getState();
  const { run } = (await request("run:start", { pipeline, ...options })) as { run: string };
  noteRunPipeline(run, pipeline);
  tellNewWeights();
  await watchRun(run);
  if (useSettings.getState().dock === false) showPanel("loss");
}

/** Says which parts start from new weights since an inside was changed. */
function tellNewWeights(): void {
  const all = Object.entries(useEditor.getState().newWeights);
  for (const [node, { names, weights }] of all)
    tell(`“${node}”: ${weights.toLocaleString("en-US")} weights are new by your changes, such as ${names[0]}`);
}

/** Tells the shown run to pause, go on, stop or resume. */
export async function commandRun(command: "pause" | "continue" | "stop" | "resume"): Promise<void> {
  const { id } = useRun.getState();
  if (id !== undefined) await request(`run:${command}`, { run: id });
}

async function openFirst(last: Draft | undefined): Promise<void> {
  const list = await listPipelines();
  const first = list.find(({ id }) => id === last?.id) ?? list[0];
  try {
    if (first) {
      await openPipeline(first.id);
      const isSame = last !== undefined && last.rev !== undefined && useEditor.getState().origin.rev === last.rev;
      if (isSame && last.run !== undefined) setOriginRun(last.run);
      return;
    }
  } catch (error) {
    tellError(error);
  }
  createPipeline();
}

async function put(id: string, pipeline: Pipeline, rev: string | undefined): Promise<void> {
  const body = { pipeline, ...(rev === undefined ? {} : { rev }) };
  const stored = await sendJson<StoredPipeline>("PUT", `/api/pipelines/${id}`, body);
  const { run } = useEditor.getState().origin;
  setOrigin(
    { id, rev: stored.rev, template: false, changed: false, ...(run === undefined ? {} : { run }) },
    pipeline.name,
  );
  tell(`Saved “${pipeline.name}”`);
}

function showStored({ id, rev, template, pipeline }: StoredPipeline): void {
  showPipeline(pipeline, { id, rev, template, changed: false });
}

/** Asks the server for weights and problems a moment after each change of what the pipeline means. */
function describeChanges(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = () => {
    const { pipeline } = useEditor.getState();
    sendJson<Description>("POST", "/api/describe", { pipeline }).then(
      (description) => setDescription(pipeline, description),
      () => {}, // the connection's state tells it
    );
  };
  useEditor.subscribe((state, before) => {
    if (sameGraph(state.pipeline, before.pipeline)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  });
  ask();
}
