import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { catalog } from "../../src/execution/registry.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { createJob } from "../../src/runs/job.ts";
import { RunLog } from "../../src/runs/log.ts";
import type { RecordBody } from "../../src/runs/record.ts";

/** A shipped template. */
export function template(id: string) {
  const file = fileURLToPath(new URL(`../../editor/templates/${id}.json`, import.meta.url));
  return parsePipeline(JSON.parse(readFileSync(file, "utf8")), id);
}

/** Writes a run of a pipeline, with what its log says, as if it had been carried out. Returns its id and folder. */
export async function writeRun(
  home: string,
  pipeline: ReturnType<typeof template>,
  records: readonly RecordBody[],
  seed = 0,
) {
  const job = await createJob({ pipeline, seed }, catalog, { runs: join(home, "runs") });
  const log = RunLog.open(job.folder);
  for (const record of records) log.append(record);
  log.close();
  return job;
}
