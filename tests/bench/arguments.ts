import { parseArgs } from "node:util";
import { openWasm } from "../../src/engine/wasm/backend.ts";

/** What every benchmark is asked for. */
export interface Asked {
  json: boolean;
  threads: number;
  /** Sizes that were chosen, all of them unless told. */
  sizes: string[];
}

/** Reads a benchmark's words and opens `wasm`; undefined where help was asked for, which is then printed. */
export async function readAsked(args: string[], usage: string, sizes: readonly string[]): Promise<Asked | undefined> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      size: { type: "string", multiple: true, default: [...sizes] },
      threads: { type: "string", default: "2" },
    },
  });
  if (values.help) {
    console.log(usage);
    return undefined;
  }
  const { threads } = await openWasm({ threads: Number(values.threads) });
  return { json: values.json, threads, sizes: values.size };
}
