/** What the twin in PyTorch knows of a language model, or why it has none for it. */
export function twinConfig(config: Record<string, unknown>): Record<string, unknown> {
  const decoder = slotOf(config.decoderLayer);
  const fusion = slotOf(config.fusionLayer);
  const attention = slotOf(decoder.config.attention ?? { type: "Attention" });
  const known = ["Attention", "AlibiAttention"].includes(attention.type);
  if (decoder.type !== "DecoderLayer" || fusion.type !== "GatedXattnDense" || !known)
    throw new Error(`the twin has no ${decoder.type} with ${attention.type} and ${fusion.type}`);
  const { vocabulary, newTokens = 0, imageToken } = config;
  return {
    ...{ vocabulary, newTokens, imageToken, heads: decoder.config.heads ?? 8, gatedHeads: fusion.config.heads ?? 8 },
    alibi: attention.type === "AlibiAttention" ? (attention.config.slopes ?? "all") : false,
  };
}

function slotOf(value: unknown): { type: string; config: Record<string, unknown> } {
  const { type, config = {} } = value as { type: string; config?: Record<string, unknown> };
  return { type, config };
}
