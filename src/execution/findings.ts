import { FlamingoError } from "../core/errors.ts";
import type { Findings } from "../core/findings.ts";
import { findTokenizer } from "./findTokenizer.ts";
import { findBlock, findSource } from "./registry.ts";
import { checkStart } from "./startingWeights.ts";

/** A node, as far as it names something outside of its pipeline. */
export interface NodeReferences {
  id: string;
  type: string;
  config: Record<string, unknown>;
  weights?: string | undefined;
}

/**
 * Looks at what a node names outside of its pipeline, without reading it whole: a source's folder, weights to start from.
 * @throws FlamingoError for what is not there or does not fit
 */
export async function findingsOf({ weights, ...node }: NodeReferences, models: string): Promise<Findings> {
  const facts: string[] = [];
  const warnings: string[] = [];
  if (weights !== undefined) {
    const { filled, of } = checkStart({ ...node, weights }, models);
    const text = `${filled} of ${of} weights come from ${weights}`;
    if (filled === of) facts.push(text);
    else warnings.push(`${text}; the others start fresh`);
  }
  const source = findSource(node.type);
  const config = source?.config.safeParse(node.config);
  const findings = config?.success ? await source!.findings?.(config.data, findTokenizer(models)) : undefined;
  if (!source && !findBlock(node.type) && weights === undefined)
    throw new FlamingoError("UNKNOWN_BLOCK", `there is no "${node.type}"`, {
      block: node.id,
      fix: "choose another block",
    });
  return { facts: [...facts, ...(findings?.facts ?? [])], warnings: [...warnings, ...(findings?.warnings ?? [])] };
}
