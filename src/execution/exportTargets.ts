/** What a trained model can be written for. */
export const exportTargets = ["openflamingo", "huggingface", "safetensors"] as const;
export type ExportTarget = (typeof exportTargets)[number];
