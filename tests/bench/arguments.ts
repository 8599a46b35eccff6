import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";
import { readValues } from "./readValues.ts";

/** What every benchmark is asked for. */
export interface Asked {
  json: boolean;
  device: DeviceName;
  threads: number;
  /** Sizes that were chosen, all of them by default. */
  sizes: string[];
}

/** Reads the words of a benchmark of the library, and opens the device, `wasm` by default; undefined as in `readValues`. */
export async function readAsked(args: string[], usage: string, sizes: readonly string[]): Promise<Asked | undefined> {
  const values = readValues(args, usage, {
    device: { type: "string", default: "wasm" },
    size: { type: "string", multiple: true, default: [...sizes] },
    threads: { type: "string", default: "2" },
  });
  if (!values) return undefined;
  const device = values.device as DeviceName;
  const { threads = 1 } = await openDevice(device, { threads: Number(values.threads) });
  return { json: values.json, device, threads, sizes: values.size };
}
