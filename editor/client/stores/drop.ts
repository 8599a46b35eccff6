import { mayHoldPipeline, openFile } from "./document.ts";
import { tellError } from "./notices.ts";
import { filesOfDrop, offerModel } from "./openModel.ts";

/** Takes what is dropped anywhere on the page: a pipeline's file or picture, or a model's folder or files. */
export function listenForDrops(): () => void {
  const over = (event: DragEvent) => {
    if (carriesFiles(event)) event.preventDefault(); // the browser would leave the page to show the file
  };
  const drop = (event: DragEvent) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    void take(event.dataTransfer!).catch(tellError);
  };
  window.addEventListener("dragover", over);
  window.addEventListener("drop", drop);
  return () => {
    window.removeEventListener("dragover", over);
    window.removeEventListener("drop", drop);
  };
}

async function take(transfer: DataTransfer): Promise<void> {
  const dropped = await filesOfDrop(transfer);
  const [only, ...more] = dropped.files;
  const isPipeline = dropped.folder === "" && more.length === 0 && only !== undefined && mayHoldPipeline(only);
  if (isPipeline) await openFile(only!);
  else offerModel(dropped);
}

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
