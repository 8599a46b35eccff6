import { parseArgs } from "node:util";
import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";

/** What every benchmark is asked for. */
export interface Asked {
  json: boolean;
  device: DeviceName;
  threads: number;
  /** Sizes that were chosen, all of them by default. */
  sizes: string[];
}

/** Reads a benchmark's words and opens the device, `wasm` by default; undefined where help was asked for, which is then printed. */
export async function readAsked(args: string[], usage: string, sizes: readonly string[]): Promise<Asked | undefined> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      device: { type: "string", default: "wasm" },
      size: { type: "string", multiple: true, default: [...sizes] },
      threads: { type: "string", default: "2" },
    },
  });
  if (values.help) {
    console.log(usage);
    return undefined;
  }
  const device = values.device as DeviceName;
  const { threads = 1 } = await openDevice(device, { threads: Number(values.threads) });
  return { json: values.json, device, threads, sizes: values.size };
}
