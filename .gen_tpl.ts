import { readFileSync } from "node:fs";
import { openWasm } from "/work/main/src/engine/wasm/backend.ts";
import { prepareRun } from "/work/main/src/execution/prepare.ts";
import { readPipeline } from "/work/main/src/pipeline/schema.ts";
import { flamingoParts } from "/work/main/src/training/parts.ts";
import { PipelineStep } from "/work/main/tests/bench/pipelineStep.ts";
import { engine } from "/work/main/src/engine/tensor.ts";
const threads=Number(process.argv[2]??1);
const pipeline = readPipeline(readFileSync("/work/main/editor/templates/emoji-captions.json", "utf8"), "t");
const record = { id: "bench", name: pipeline.name, pipeline, seed: 1, device: "wasm", created: 0, options: {} } as any;
const { graph, sources } = await prepareRun(record, "wasm", { append: () => {} }, 0);
await openWasm({ threads });
const batch = sources.get("documents")!.batch(0);
const step = new PipelineStep({ graph, source: "documents", loss: "loss", batch, parts: flamingoParts(10, .01), rate: 7e-4, clip: 1 });
for (let i=0;i<5;i++) step.step();
const times=[]; for (let i=0;i<20;i++){ const t=performance.now(); step.step(); times.push(performance.now()-t);} 
console.log("threads",threads,"step ms", times.toSorted((a,b)=>a-b)[10]!.toFixed(1), "best", Math.min(...times).toFixed(1));
const e = engine() as any; const run = e.runKernel.bind(e); const per=new Map<string,number[]>(); const sig:any={};
let order=0; 
e.runKernel=(n:string,i:any,a:any)=>{ const t=performance.now(); const r=run(n,i,a); const d=performance.now()-t; let key=n; if(n==="FlamingoMatMul"){ key=`MM ${a.batch}x${a.m}x${a.n}x${a.k} ${a.transposeA?"T":"N"}${a.transposeB?"T":"N"}`; sig[key]=2*a.batch*a.m*a.n*a.k;} (per.get(key)??per.set(key,[]).get(key)!).push(d); return r;};
const N=20; const steps=[]; for(let i=0;i<N;i++){ const t=performance.now(); step.step(); steps.push(performance.now()-t);} 
const med=(a:number[])=>a.toSorted((x,y)=>x-y)[a.length>>1]!;
// per key: count per step * median of call time
let sum=0,mm=0; const rows=[...per].map(([k,v])=>{const c=v.length/N; const m=v.reduce((s,x)=>s+x,0)/N; const q=med(v)*c; return {k,c,m,q};});
for(const r of rows){sum+=r.q; if(r.k.startsWith("MM")) mm+=r.q;}
console.log("step", med(steps).toFixed(1),"kernels (count*median)",sum.toFixed(1),"products",mm.toFixed(1));
for (const r of rows.sort((a,b)=>b.q-a.q).slice(0,32)) console.log(r.q.toFixed(2).padStart(7), String(r.c).padStart(5), r.k, sig[r.k]? (sig[r.k]*r.c/r.q/1e6).toFixed(1)+" GFLOP/s":"");
process.exit(0);
