/** Where a block is in a model. */
export interface Place {
  /** Node of the pipeline. */
  node: string;
  /** Names of the blocks from there to it; empty for the node's own block. */
  path: readonly string[];
}

/** The name of a place, as weights and probes are named: `language.layers.0`. */
export function placeName({ node, path }: Place): string {
  return [node, ...path].join(".");
}

/** The place of the block around a block. */
export function placeAround({ node, path }: Place): Place {
  return { node, path: path.slice(0, -1) };
}

/** A layer's name where there is little room: `gated 0`, `layer 0`. */
export function shortLayerName(layer: string): string {
  return layer
    .replace("gated_cross_attn_layers.", "gated ")
    .replace("new_layers.", "new ")
    .replace("layers.", "layer ");
}
