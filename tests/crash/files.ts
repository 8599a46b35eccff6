import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { damageFiles } from "./damagedFiles.ts";

/** `npm run -s crash:files -- --damages 100 [--seed S]`: tears and mutates run logs and checkpoints, and reads them. */
const { values } = parseArgs({
  options: { damages: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const folder = mkdtempSync(join(tmpdir(), "flamingo-damages-"));
const start = performance.now();
try {
  const { faults, lost } = await damageFiles(folder, Number(values.damages), Number(values.seed));
  for (const fault of faults) console.log(fault);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${values.damages} damaged logs and checkpoints, ${faults.length} faults; ${lost} logs lost the damaged record, no other ` +
      `(seed ${values.seed}, ${cpus()[0]!.model.trim()}, ${seconds} s)`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
