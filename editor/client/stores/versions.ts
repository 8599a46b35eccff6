import { catalogWith } from "../../../src/graph/graphBlock.ts";
import type { NamedVersion, VersionSummary } from "../../shared/protocol.ts";
import { draftId } from "../edit/draft.ts";
import { placeAll } from "../graph/nodePorts.ts";
import { commitPipeline, openDialog, undo, useEditor } from "./editor.ts";
import { tell } from "./notices.ts";
import { getJson, sendJson } from "./request.ts";

/** Where the versions of the pipeline on the canvas are. */
function place(): string {
  return `/api/versions/${draftId(useEditor.getState().origin)}`;
}

/** The named versions of the pipeline on the canvas, the newest first. */
export function listVersions(): Promise<VersionSummary[]> {
  return getJson<VersionSummary[]>(place());
}

export function readVersion({ version }: VersionSummary): Promise<NamedVersion> {
  return getJson<NamedVersion>(`${place()}/${version}`);
}

/** Gives the pipeline as it is now a name. */
export async function nameVersion(name: string): Promise<void> {
  await sendJson<VersionSummary>("POST", place(), { name, pipeline: useEditor.getState().pipeline });
}

export async function deleteVersion({ version }: VersionSummary): Promise<void> {
  await sendJson("DELETE", `${place()}/${version}`, {});
}

/** Puts a version in the place of what is on the canvas, as a step that can be taken back. */
export function goBackTo({ name, pipeline }: NamedVersion): void {
  const { library } = useEditor.getState();
  openDialog(undefined);
  commitPipeline(`Back to “${name}”`, placeAll(pipeline, catalogWith(library, pipeline.blocks)), { select: [] });
  tell(`The pipeline is as in “${name}” again`, { label: "Undo", perform: undo });
}
