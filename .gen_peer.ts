import { readFileSync } from "node:fs";
import { prepareRun } from "/work/main/src/execution/prepare.ts";
import { readPipeline } from "/work/main/src/pipeline/schema.ts";
import { flamingoParts } from "/work/main/src/training/parts.ts";
import { openTwin } from "/work/main/tests/bench/pipelineStep.ts";
import { Peer, findTorch } from "/work/main/tests/bench/peer.ts";
const pipeline = readPipeline(readFileSync("/work/main/editor/templates/emoji-captions.json", "utf8"), "t");
const record = { id: "bench", name: pipeline.name, pipeline, seed: 1, device: "wasm", created: 0, options: {} } as any;
const { graph, sources } = await prepareRun(record, "wasm", { append: () => {} }, 0);
const batch = sources.get("documents")!.batch(0);
const lesson = { graph, source: "documents", loss: "loss", batch, parts: flamingoParts(10, .01), rate: 7e-4, clip: 1 };
for (const [name, env, threads] of [["1",{},1],["2 default",{},2],["2 passive",{OMP_WAIT_POLICY:"PASSIVE"},2],["2 passive, timeout",{OMP_WAIT_POLICY:"PASSIVE",OPENBLAS_THREAD_TIMEOUT:"4"},2],["2 omp only",{OPENBLAS_ONE:"1"},2]] as const) {
  for (const k of ["OMP_WAIT_POLICY","OPENBLAS_THREAD_TIMEOUT"]) delete process.env[k];
  Object.assign(process.env, env);
  const peer = new Peer(findTorch()!, "flamingo_torch.py", threads);
  await openTwin(peer, lesson);
  await peer.time(3);
  const t: number[] = []; const s=performance.now(); while (t.length<15 && performance.now()-s<6000) t.push((await peer.time(1))[0]!);
  const sorted=t.toSorted((a,b)=>a-b); console.log(name, "median", sorted[sorted.length>>1]!.toFixed(1), "best", sorted[0]!.toFixed(1), "n", t.length);
  peer.close();
}
process.exit(0);
