import { isObject } from "../core/json.ts";

type Fields = Record<string, unknown>;
interface Node {
  type: string;
  config?: Fields;
  pretrained?: boolean;
}
interface File {
  nodes?: Record<string, Node>;
  edges?: { from?: unknown[]; to?: unknown[] }[];
  [field: string]: unknown;
}

/** Brings a file of version v to version v + 1, at index v. */
export const migrations: Readonly<Record<number, (pipeline: unknown) => unknown>> = {
  1: toVersion2,
  2: toVersion3,
  3: toVersion4,
  4: toVersion5,
};

/**
 * Version 2: a field may be a block (a slot), nodes keep their order in the file, and `inputs` and `outputs` stand for a graph's own
 * ports. Nodes of version 1 were computed in the order of their ids where the edges left a choice.
 */
function toVersion2(pipeline: unknown): unknown {
  const file = pipeline as File;
  if (!isObject(file.nodes) || !Array.isArray(file.edges)) return { ...file, version: 2 };
  const names = new Map(Object.keys(file.nodes).map((id) => [id, freeId(id, file.nodes!)]));
  const rename = (end: unknown) =>
    Array.isArray(end) && typeof end[0] === "string" ? [names.get(end[0]) ?? end[0], ...end.slice(1)] : end;
  const gated = Object.values(file.nodes).some((node) => isObject(node) && hasGatedLayers(node));
  const nodes = Object.entries(file.nodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, node]) => [names.get(id)!, isObject(node) ? migrateNode(node, gated) : node]);
  const edges = file.edges.map((edge) =>
    isObject(edge) ? { ...edge, from: rename(edge.from), to: rename(edge.to) } : edge,
  );
  const view = file.view as { positions?: Fields } | undefined;
  const positions = Object.entries(view?.positions ?? {}).map(([id, position]) => [names.get(id) ?? id, position]);
  return {
    ...file,
    version: 2,
    nodes: Object.fromEntries(nodes),
    edges,
    ...(view ? { view: { ...view, positions: Object.fromEntries(positions) } } : {}),
  };
}

/**
 * Version 3: sources of captions name their tokenizer. Those of version 2 knew the words of emoji alone, and cut captions of images off
 * at 24 of them. The number of captioned images was called pictures.
 */
function toVersion3(pipeline: unknown): unknown {
  const file = pipeline as File;
  if (!isObject(file.nodes)) return { ...file, version: 3 };
  const nodes = Object.entries(file.nodes).map(([id, node]) => {
    if (!isObject(node)) return [id, node];
    const config = isObject(node.config) ? node.config : {};
    if (Object.hasOwn(wordSources, node.type))
      return [id, { ...node, config: { ...wordSources[node.type], ...config } }];
    if (node.type !== "CaptionSamples" || !("pictures" in config)) return [id, node];
    const { pictures: images, ...rest } = config;
    return [id, { ...node, config: { ...rest, images } }];
  });
  return { ...file, version: 3, nodes: Object.fromEntries(nodes) };
}

/** Version 4: nodes may be bypassed or muted, which a reader of version 3 would take for a fault. */
function toVersion4(pipeline: unknown): unknown {
  return { ...(pipeline as File), version: 4 };
}

/** Version 5: the canvas may have notes and groups, which a reader of version 4 would take for a fault. */
function toVersion5(pipeline: unknown): unknown {
  return { ...(pipeline as File), version: 5 };
}

/** Sources of version 2 that gave captions, with what their fields were then where nothing said otherwise. */
const wordSources: Readonly<Record<string, Fields>> = {
  EmojiDocuments: { tokenizer: "words" },
  EmojiPairs: { tokenizer: "words" },
  ImageFolder: { tokenizer: "words", longest: 24 },
};

function freeId(id: string, taken: object): string {
  if (id !== "inputs" && id !== "outputs") return id;
  let number = 1;
  while (`${id}${number}` in taken) number++;
  return `${id}${number}`;
}

/** Whether a node of version 1 has gated layers: their weights had the decay `decay`, all others `otherDecay`. */
function hasGatedLayers({ type, config }: Node): boolean {
  if (type === "Flamingo") return true;
  const { every = 1, layers = 0, placement = "first" } = config ?? {};
  return (
    type === "FlamingoLanguageModel" && Number(layers) > 0 && (placement !== "last" || Number(every) <= Number(layers))
  );
}

function migrateNode(node: Node, gated: boolean): Node {
  const config: Fields = isObject(node.config) ? node.config : {};
  if (node.type === "Train") {
    // Weights outside gated layers had `otherDecay`; what is new among them has `decay` now.
    const { otherDecay = 0 } = config;
    return gated ? node : { ...node, config: { ...config, decay: otherDecay } };
  }
  const migrate = Object.hasOwn(blocks, node.type) ? blocks[node.type] : undefined;
  const migrated = migrate ? { ...node, ...migrate(config) } : node;
  // Beside gated layers all other weights had `otherDecay`, which is that of pretrained ones now.
  return gated && withNewWeights.has(node.type) ? { ...migrated, pretrained: true } : migrated;
}

/** Blocks of version 1 whose weights are new where nothing says otherwise. */
const withNewWeights = new Set([
  ...[
    "ConvEncoder",
    "VisionTransformer",
    "ConvResidual",
    "Conv",
    "EncoderLayer",
    "PositionEmbedding",
    "Linear",
    "LayerNorm",
  ],
  ...[
    "RmsNorm",
    "FrameEmbedding",
    "MediaTimeEmbedding",
    "MaskedCrossAttention",
    "SelfAttention",
    "FeedForward",
    "DecoderLayer",
  ],
  ...["TextPositions", "BagOfWords", "ContrastiveLoss", "GatedXattnDense", "PerceiverAttention", "Latents"],
]);

const activationNames: Record<string, string> = { gelu: "Gelu", squaredRelu: "SquaredRelu", silu: "Silu" };

/** Fields that were set, under their new names. */
function fields(entries: Fields): Fields {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function normOf(norm: unknown): Node | undefined {
  const names: Record<string, string> = { rms: "RmsNorm", layer: "LayerNorm" };
  return norm === undefined ? undefined : { type: names[String(norm)] ?? String(norm) };
}

function feedForwardOf({ ffMult, activation, norm }: Fields): Node {
  const common = fields({ mult: ffMult, norm: normOf(norm) });
  if (activation === "swiglu") return { type: "SwiGluFeedForward", config: common };
  const type = activation === undefined ? undefined : (activationNames[String(activation)] ?? String(activation));
  return { type: "FeedForward", config: { ...common, ...(type ? { activation: { type } } : {}) } };
}

/** The feed-forward's slot, where anything was set. */
function feedForwardField(config: Fields): Fields {
  return config.ffMult === undefined && config.activation === undefined && config.norm === undefined
    ? {}
    : { feedForward: feedForwardOf(config) };
}

function attentionOf({ alibi, rotary }: Fields): Fields {
  if (rotary === true) return { attention: { type: "RotaryAttention" } };
  return alibi === true ? { attention: { type: "AlibiAttention", config: { slopes: "half" } } } : {};
}

function decoderLayerOf(config: Fields): Fields {
  const { heads, headDim, norm } = config;
  return { ...fields({ heads, headDim, norm: normOf(norm) }), ...attentionOf(config), ...feedForwardField(config) };
}

function languageModelOf({
  alibi = true,
  rotary,
  positions,
  ffMult,
  activation,
  norm,
  newActivation,
  ...rest
}: Fields): Fields {
  const { heads, headDim, gatedHeads, gatedHeadDim, attend, padded, visualDim, ...own } = rest;
  const decoder = decoderLayerOf({ heads, headDim, alibi, rotary, norm, ffMult, activation });
  const fusion = {
    ...fields({ heads: gatedHeads, headDim: gatedHeadDim, attend, padded }),
    ...feedForwardField({ ffMult, activation: newActivation }),
  };
  return fields({
    ...own,
    visualDim,
    decoderLayer: { type: "DecoderLayer", config: decoder },
    fusionLayer: { type: "GatedXattnDense", config: fusion },
    norm: normOf(norm),
    positions:
      positions !== undefined && positions !== 0
        ? { type: "TextPositions", config: { maxLength: positions } }
        : undefined,
  });
}

/** What became of the blocks of version 1, by type: their type and configuration of version 2. */
const blocks: Readonly<Record<string, (config: Fields) => Partial<Node>>> = {
  Halve: (config) => ({ type: "Chunk", config }),
  Activation: ({ kind }) => ({ type: activationNames[String(kind)] ?? "Gelu", config: {} }),
  FeedForward: ({ dim, ...config }) => {
    const { type, config: own } = feedForwardOf(config);
    return { type, config: fields({ dim, ...own }) };
  },
  Attention: ({ alibi, looks: _looks, ...config }) =>
    alibi === true ? { type: "AlibiAttention", config: { ...config, slopes: "half" } } : { config },
  SelfAttention: ({ alibi, rotary, norm, ...config }) => ({
    config: { ...config, ...fields({ norm: normOf(norm) }), ...attentionOf({ alibi, rotary }) },
  }),
  DecoderLayer: ({ dim, ...config }) => ({ config: fields({ dim, ...decoderLayerOf(config) }) }),
  EncoderLayer: ({ dim, heads, headDim, ...config }) => ({
    config: { ...fields({ dim, heads, headDim }), ...feedForwardField(config) },
  }),
  GatedXattnDense: ({ ffMult, activation, ...config }) => ({
    config: { ...config, ...feedForwardField({ ffMult, activation }) },
  }),
  PerceiverResampler: ({ ffMult, activation, ...config }) => ({
    config: { ...config, ...feedForwardField({ ffMult, activation }) },
  }),
  VisionTransformer: ({ heads = 4, headDim = 32, ffMult, ...config }) => ({
    config: {
      ...config,
      layer: { type: "EncoderLayer", config: { heads, headDim, ...feedForwardField({ ffMult }) } },
    },
  }),
  FlamingoLanguageModel: (config) => ({ config: languageModelOf(config) }),
  Flamingo: ({ imageSize, latents, resamplerDepth, resamplerHeads, resamplerHeadDim, ...config }) => {
    const { visualDim, ...languageModel } = languageModelOf(config);
    const { ffMult, newActivation } = config;
    const resampler = {
      ...fields({ latents, depth: resamplerDepth, heads: resamplerHeads, headDim: resamplerHeadDim }),
      ...feedForwardField({ ffMult, activation: newActivation }),
    };
    return {
      config: fields({
        imageSize,
        visualDim,
        resampler: { type: "PerceiverResampler", config: resampler },
        languageModel: { type: "FlamingoLanguageModel", config: languageModel },
      }),
    };
  },
};
