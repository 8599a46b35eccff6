import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FlamingoError, reportOf } from "../../src/core/errors.ts";
import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";
import { outcomeOf } from "./outcome.ts";

const usage = `npm run -s parity -- DIR... [--device NAME]...

Computes each case folder in DIR and prints a line: the largest relative error, max|ours - reference| / max|reference|, in the output and
in the gradients by each input and weight; of continuations the tokens that are the reference's; of tokenizers the texts, of metrics the
errors. Exits with 1 if one is over its bound, or if a case cannot be read or computed.

Bounds: blocks 1e-5 in outputs and 1e-4 in gradients, on webgpu 1e-3 both; whole models 1e-4 and 1e-3, on webgpu 1e-3 and 2e-3; tokens and
texts equal.

  --device NAME   tensorflow, webgpu, wasm, cpu, or auto; may be given several times. Without it: cpu, wasm and webgpu
  --help          prints this`;

/** Devices that are tried where none is named; one that the machine lacks is left out. */
const everyDevice = ["cpu", "wasm", "webgpu"] as const;

async function main(): Promise<number> {
  const { values, positionals: folders } = readArguments();
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (folders.length === 0)
    throw new FlamingoError("USAGE", "no folder was named", { fix: "npm run -s parity -- DIR" });
  const cases = (await Promise.all(folders.map(findCases))).flat();
  const width = Math.max(...cases.map((folder) => basename(folder).length));
  let good = true;
  for (const name of values.device ?? everyDevice) {
    try {
      const device = await openDevice(name as DeviceName | "auto", { allowSoftware: true });
      console.log(`device ${device.name}: ${device.description}; ${device.reason}`);
      for (const folder of cases) good = (await tell(folder, device.name, width)) && good;
    } catch (error) {
      const isMissing = !values.device && error instanceof FlamingoError && error.code === "DEVICE_UNAVAILABLE";
      good &&= isMissing;
      console.log(`${isMissing ? "left out" : "FAILED"} ${lineOf(error)}`);
    }
  }
  return good ? 0 : 1;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        device: { type: "string", multiple: true },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new FlamingoError("USAGE", (error as Error).message, { fix: "see --help" });
  }
}

/** The case folders in a folder, by name; hidden ones do not count. */
async function findCases(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new FlamingoError("NOT_FOUND", `${folder} cannot be read: ${error.message}`, {
      fix: "name a folder of cases",
    });
  });
  if (entries.some(({ name }) => name === "config.json")) return [resolve(folder)];
  const cases = entries.filter((entry) => !entry.isFile() && !entry.name.startsWith("."));
  if (cases.length === 0)
    throw new FlamingoError("NOT_FOUND", `${folder} holds no case folders`, { fix: "name a folder of cases" });
  return cases.map(({ name }) => join(resolve(folder), name)).sort();
}

/** Prints a case's line. Returns whether all is within the bounds. */
async function tell(folder: string, device: DeviceName, width: number): Promise<boolean> {
  const name = basename(folder).padEnd(width);
  try {
    const { good, text } = await outcomeOf(folder, device);
    console.log(`${good ? "ok    " : "FAILED"} ${name}  ${device}  ${text}`);
    return good;
  } catch (error) {
    console.log(`FAILED ${name}  ${device}  ${lineOf(error)}`);
    return false;
  }
}

function lineOf(error: unknown): string {
  const text = error instanceof FlamingoError ? error.toString() : reportOf(error).message;
  return text.replaceAll("\n", " ");
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(lineOf(error));
  process.exitCode = 2;
}
