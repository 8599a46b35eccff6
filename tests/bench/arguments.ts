import { type ParseArgsConfig, parseArgs } from "node:util";
import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";

/** What every benchmark is asked for. */
export interface Asked {
  json: boolean;
  device: DeviceName;
  threads: number;
  /** Sizes that were chosen, all of them by default. */
  sizes: string[];
}

const common = { json: { type: "boolean", default: false }, help: { type: "boolean", default: false } } as const;

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O & typeof common }>>["values"];

/** Reads a benchmark's words, `--json` among them; undefined where help was asked for, which is then printed. */
export function readValues<const O extends Options>(args: string[], usage: string, options: O): Values<O> | undefined {
  const values = parseArgs({ args, options: { ...common, ...options } }).values as Values<O> & { help: boolean };
  if (!values.help) return values;
  console.log(usage);
  return undefined;
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
