import { FlamingoError } from "../../../src/core/errors.ts";
import { pngWithPipeline } from "../../../src/pipeline/picture.ts";
import type { Description } from "../../shared/protocol.ts";
import { type Paint, pipelineSvg, type SvgPicture } from "../graph/pipelineSvg.ts";
import { idOf, storedPipeline } from "./document.ts";
import { useEditor } from "./editor.ts";
import { download } from "./files.ts";
import { sendJson } from "./request.ts";

/** Pixels of a PNG picture for each of the drawing, and how many it has at most in all: browsers draw no larger ones. */
const sharpness = 2;
const mostPixels = 64e6;

/** Hands the browser a picture of the pipeline that carries the pipeline itself, in the colours of the page. */
export async function exportPicture(form: "png" | "svg"): Promise<void> {
  const { pipeline, library, pipelineCounts } = useEditor.getState();
  const picture = pipelineSvg(pipeline, library, { paint: pagePaint(), counts: pipelineCounts, whole: true });
  const name = `${idOf(pipeline.name)}.${form}`;
  if (form === "svg") download(name, picture.svg, "image/svg+xml");
  else download(name, pngWithPipeline(await raster(picture), pipeline), "image/png");
}

/** A small picture of a stored pipeline, as the address of an image. */
export async function drawStored(id: string): Promise<string> {
  const { pipeline } = await storedPipeline(id);
  const { nodes: counts } = await sendJson<Description>("POST", "/api/describe", { pipeline });
  const { svg } = pipelineSvg(pipeline, useEditor.getState().library, { paint: pagePaint(), counts });
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** The colours that the page has now. */
function pagePaint(): Paint {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

async function raster({ svg, width, height }: SvgPicture): Promise<Uint8Array> {
  const scale = Math.min(sharpness, Math.sqrt(mostPixels / (width * height)));
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (blob) return new Uint8Array(await blob.arrayBuffer());
  } finally {
    URL.revokeObjectURL(image.src);
  }
  throw new FlamingoError("OUT_OF_MEMORY", "the browser could not draw the picture", { fix: "export it as SVG" });
}
