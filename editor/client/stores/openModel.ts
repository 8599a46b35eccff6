import { create } from "zustand";
import { type ImportedModel, type ModelRequest, uploadPart, uploadPath } from "../../shared/protocol.ts";
import { idOf, openPipeline } from "./document.ts";
import { openDialog } from "./editor.ts";
import { tell } from "./notices.ts";
import { sendBytes, sendJson } from "./request.ts";

/** A model's files as a browser has them: without a path. */
export interface DroppedModel {
  /** Of the folder; empty where files were dropped without one. */
  folder: string;
  files: readonly File[];
}

/** Bytes that were sent, of how many, and when that began. */
export interface Sending {
  sent: number;
  of: number;
  began: number;
}

interface OpenedModel {
  dropped: DroppedModel | undefined;
  sending: Sending | undefined;
}

export const useModelFiles = create<OpenedModel>(() => ({ dropped: undefined, sending: undefined }));

/** What belongs to a model, in a folder that may hold more. */
const belongs = /\.(safetensors|bin|pt|pth|json|txt|model)$/;

/** Shows the dialog with files that were dropped or chosen. */
export function offerModel({ folder, files }: DroppedModel): void {
  const own = files.filter(({ name }) => belongs.test(name) && !name.startsWith("."));
  useModelFiles.setState({ dropped: { folder, files: own } });
  openDialog("model");
}

export function forgetModel(): void {
  useModelFiles.setState({ dropped: undefined });
}

/** The files of a drop: those of a folder, without the folders in it, or the files themselves. */
export async function filesOfDrop(transfer: DataTransfer): Promise<DroppedModel> {
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const folder = entries.find((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory === true);
  return folder ? { folder: folder.name, files: await filesIn(folder) } : { folder: "", files };
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // A reader gives some entries at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return files;
    for (const entry of some)
      if (entry.isFile)
        files.push(await new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
  }
}

/** Opens a model by its path on this machine, or by its files, which are sent to the studio first. */
export async function openModel(request: ModelRequest, dropped: DroppedModel | undefined, stop: AbortSignal) {
  const named = dropped ? { ...request, name: request.name ?? idOf(dropped.folder || "model") } : request;
  if (dropped) await send(named.name!, dropped.files, stop);
  const model = await sendJson<ImportedModel>("POST", "/api/models", named);
  forgetModel();
  openDialog(undefined);
  await openPipeline(model.id);
  const notes = model.notes.length > 0 ? `; ${model.notes.join("; ")}` : "";
  tell(`${model.family} with ${(model.parameters / 1e6).toFixed(1)} M parameters${notes}`);
}

async function send(name: string, files: readonly File[], stop: AbortSignal): Promise<void> {
  const of = files.reduce((sum, { size }) => sum + size, 0);
  const began = performance.now();
  const list = files.map((file) => ({ name: file.name, size: file.size }));
  await sendJson("POST", `${uploadPath}/${name}`, { files: list });
  let sent = 0;
  useModelFiles.setState({ sending: { sent, of, began } });
  try {
    for (const file of files)
      for (let from = 0; from < file.size || from === 0; from += uploadPart) {
        stop.throwIfAborted();
        const part = file.slice(from, from + uploadPart);
        await sendBytes(`${uploadPath}/${name}/${encodeURIComponent(file.name)}?from=${from}`, part);
        sent += part.size;
        useModelFiles.setState({ sending: { sent, of, began } });
      }
  } catch (error) {
    await sendJson("DELETE", `${uploadPath}/${name}`, {}).catch(() => undefined);
    throw error;
  } finally {
    useModelFiles.setState({ sending: undefined });
  }
}
