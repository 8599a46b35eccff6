import { resolve } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import type { Pipeline } from "../pipeline/schema.ts";

/**
 * A pipeline that reads its images from a folder.
 * @param file of the pipeline, for the message
 * @throws FlamingoError INVALID_PIPELINE if it reads no folder of images
 */
export function withImages(pipeline: Pipeline, folder: string, file: string): Pipeline {
  const nodes = Object.entries(pipeline.nodes).map(([id, node]) => {
    const isFolder = node.type === "ImageFolder";
    return [id, isFolder ? { ...node, config: { ...node.config, folder: resolve(folder) } } : node] as const;
  });
  if (nodes.some(([, { type }]) => type === "ImageFolder")) return { ...pipeline, nodes: Object.fromEntries(nodes) };
  throw new FlamingoError("INVALID_PIPELINE", `${file} reads no folder of images`, {
    source: file,
    fix: "leave --images out, or take the template own-images",
  });
}
