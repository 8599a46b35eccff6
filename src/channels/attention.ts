import { z } from "zod";
import { defineChannel, number } from "./channel.ts";

/** A fusion layer and its place in the model's graph. */
const layer = z.object({
  /** Node of the pipeline that it is in. */
  node: z.string(),
  /** Names of the blocks from there to it. */
  path: z.array(z.string()),
  /** The block's type: `GatedXattnDense`. */
  type: z.string(),
  /** tanh of the gate that the cross-attention's output passes; absent where there is none, and in frames of earlier versions. */
  gate: z.number().exactOptional(),
});

const image = z.object({
  /** Index among the pinned images. */
  image: z.int(),
  label: z.string(),
  /** The caption that was read, one token for each row of `cross`. */
  tokens: z.array(z.string()),
  /** [layers][tokens][latents], mean over heads. */
  cross: z.array(z.array(z.array(z.number()))),
  /** [layers][heads][tokens][latents]; absent in frames of earlier versions. */
  heads: z.array(z.array(z.array(z.array(z.number())))).exactOptional(),
  /** [latents][patches], by attention rollout through the resampler's layers. */
  resampler: z.array(z.array(z.number())),
  /** The same by the plain product of the layers' attention, without their residual connections; absent in frames of earlier versions. */
  product: z.array(z.array(z.number())).exactOptional(),
  /** Frames of a video, whose patches follow one another; absent for an image. */
  frames: z.int().exactOptional(),
});

/** How the model reads some of the pinned images and their labels as one document. */
const document = z.object({
  /** Indices among the pinned images, in the document's order. */
  images: z.array(z.int()),
  tokens: z.array(z.string()),
  /** [tokens][images]: whether the media mask lets the token attend to the image. */
  mask: z.array(z.array(z.boolean())),
  /** [layers][heads][tokens][images], summed over an image's latents. */
  heads: z.array(z.array(z.array(z.array(z.number())))),
  /** [images][tokens]: by how many nats the token is less likely where no token attends to the image; NaN for an `<image>` tag. */
  worth: z.array(z.array(number)),
});

/**
 * What the tokens of the pinned images' captions attend to at one step: the content of `attention-<step>.json` in a run folder.
 *
 * A token's attention over the image is `cross · resampler`: its attention to each latent in a fusion layer, times the
 * latent's attention to each patch (attention rollout through the resampler's layers, or the plain product). Rows sum to 1.
 */
const frame = z.object({
  step: z.int(),
  /** The fusion layers, from the first to the last. */
  layers: z.array(layer),
  /** Patches of the vision encoder's grid. */
  grid: z.object({ rows: z.int(), columns: z.int() }),
  images: z.array(image),
  /** Absent for a single image, and in frames of earlier versions. */
  document: document.exactOptional(),
});

export type AttentionLayer = z.output<typeof layer>;
export type AttentionImage = z.output<typeof image>;
export type DocumentAttention = z.output<typeof document>;
export type AttentionFrame = z.output<typeof frame>;

/** Which attention frames a run has. Their numbers are in files. */
export const attention = defineChannel({
  name: "attention",
  title: "Attention",
  summary: "Which parts of an image each token attends to.",
  order: 3,
  value: z.object({
    /** Name of the file in the run folder. */
    file: z.string(),
  }),
  empty: [] as readonly { step: number; file: string }[],
  fold: (state, { file }, { step = 0 }) => [...state.filter((each) => each.step < step), { step, file }],
  rewind: (state, step) => state.filter((each) => each.step <= step),
  table: (state) => ({ columns: ["step", "file"], rows: state.map(({ step, file }) => [step, file]) }),
});

/** The content of an attention frame's file, also of one that an earlier version wrote. */
export function readFrame(content: unknown): AttentionFrame {
  return frame.parse(isVersion1(content) ? migrated(content) : content);
}

interface Version1 {
  step: number;
  layers: string[];
  grid: AttentionFrame["grid"];
  pictures: { image: number; label: string; words: string[]; cross: number[][][]; resampler: number[][] }[];
}

function isVersion1(content: unknown): content is Version1 {
  return typeof content === "object" && content !== null && "pictures" in content;
}

/** Layers were dotted names of which the first part was the node. */
function migrated({ step, layers, grid, pictures }: Version1): AttentionFrame {
  return {
    step,
    layers: layers.map((name) => {
      const [node = "", ...path] = name.split(".");
      return { node, path: path.length > 0 ? [path.join(".")] : [], type: "GatedXattnDense" };
    }),
    grid,
    images: pictures.map(({ words, ...rest }) => ({ ...rest, tokens: words })),
  };
}
