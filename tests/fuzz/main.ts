import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { fuzzFolder, makeReaders } from "./readers.ts";

/** `npm run fuzz -- --inputs 10000 [--reader NAME] [--seed S]`: gives every reader of outside data so many inputs. */
const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000" },
    reader: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
const folder = fuzzFolder();
const seed = Number(values.seed);
console.log(`${values.inputs} inputs a reader, seed ${seed}`);
let failed = 0;
try {
  for (const reader of await makeReaders(folder)) {
    if (values.reader !== undefined && reader.name !== values.reader) continue;
    try {
      const { inputs, read, refused, slowest } = await fuzz(reader, Number(values.inputs), seed);
      const counts = `${inputs} inputs, ${read} read, ${refused} refused, 0 crashes`;
      console.log(`${reader.name.padEnd(22)} ${counts}, slowest ${slowest.toFixed(0)} ms`);
    } catch (error) {
      failed++;
      const { message, cause } = error as Error;
      console.log(`${reader.name.padEnd(22)} FAILED: ${message}\n${cause instanceof Error ? cause.stack : ""}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);
