import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FlamingoError, reportOf } from "../../src/core/errors.ts";
import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";
import { type Agreement, compareCase, type Deviation } from "./agreement.ts";
import { type GoldenCase, readCase } from "./golden.ts";

const usage = `npm run -s parity -- DIR... [--device NAME]...

Computes each case folder in DIR (config.json, weights.safetensors, inputs.safetensors, expected.safetensors) and prints
its largest relative error, max|ours - reference| / max|reference|, in the output and in the gradients by each input and
weight. Exits with 1 if one is over its bound (output 1e-5 and gradients 1e-4; on webgpu 1e-3 both), or if a case cannot be
read or computed.

  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the default); may be given several times
  --help          prints this`;

/** The largest relative errors that a device may make. */
function boundsOn(device: DeviceName): { output: number; gradient: number } {
  return device === "webgpu" ? { output: 1e-3, gradient: 1e-3 } : { output: 1e-5, gradient: 1e-4 };
}

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
  for (const name of values.device) {
    try {
      const device = await openDevice(name as DeviceName | "auto", { allowSoftware: true });
      console.log(`device ${device.name}: ${device.description}; ${device.reason}`);
      for (const folder of cases) good = (await tell(folder, device.name, width)) && good;
    } catch (error) {
      good = false;
      console.log(`FAILED ${lineOf(error)}`);
    }
  }
  return good ? 0 : 1;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        device: { type: "string", multiple: true, default: ["auto"] },
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
  let golden: GoldenCase;
  let found: Agreement;
  try {
    golden = await readCase(folder);
    found = await compareCase(golden);
  } catch (error) {
    console.log(`FAILED ${name}  ${device}  ${lineOf(error)}`);
    return false;
  }
  const bounds = boundsOn(device);
  const worst = found.gradients.reduce((largest, each) => (each.error > largest.error ? each : largest));
  const good = found.output.error <= bounds.output && worst.error <= bounds.gradient;
  const line = [
    `${good ? "ok    " : "FAILED"} ${name}`,
    device,
    golden.type,
    `output ${told(found.output, bounds.output)}`,
    `gradients ${told(worst, bounds.gradient)} (${worst.name}, of ${found.gradients.length})`,
  ].join("  ");
  console.log(line);
  return good;
}

function told({ error }: Deviation, bound: number): string {
  return `${error.toExponential(1)}${error <= bound ? "" : ` over ${bound.toExponential(0)}`}`;
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
