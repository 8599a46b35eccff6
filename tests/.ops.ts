import * as registry from "../src/engine/wasm/registry.ts";
import * as tf from "@tensorflow/tfjs";
import { buildKernels } from "../src/engine/wasm/build.ts";
import { loadSharedBackend } from "../src/engine/wasm/module.ts";
import { gatherTeam } from "../src/engine/wasm/team.ts";
import * as ops from "../src/engine/wasm/kernels/operations.ts";
import { drawNumbers, makeToy } from "./bench/toy.ts";
const threads = Number(process.argv[3] ?? 2);
const names = Object.fromEntries(Object.entries(ops).map(([k, v]) => [v, k]));
const shared = await loadSharedBackend();
const team = await gatherTeam(new WebAssembly.Module((await buildKernels()).bytes), shared.memory, shared.allocate, threads);
let log: [string, number, number][] = [];
registry.registerKernels({ ...team, perform(op, cost, ints, floats) { const s = performance.now(); team.perform(op, cost, ints, floats); const d = performance.now() - s;
  log.push([names[op] + (op === 1 ? ` ${ints.slice(3, 7)} ${ints[8] === 1 ? "T" : "N"}${ints[12] === 1 ? "N" : "T"}` : ""), d, op === 1 ? 2 * cost : 0]); } }, shared);
await tf.setBackend("wasm");
const width = Number(process.argv[2] ?? 128);
const toy = makeToy(width, 16, drawNumbers(width, 16, 1));
for (let i = 0; i < 5; i++) toy.step();
let best: [string, number, number][] | undefined; let bestStep = 1e9;
for (let i = 0; i < 60; i++) { log = []; const s = performance.now(); toy.step(); bestStep = Math.min(bestStep, performance.now() - s); if (!best) best = log; else log.forEach((l, j) => { best![j]![1] = Math.min(best![j]![1], l[1]); }); }
const sums = new Map<string, [number, number, number]>();
for (const [n, d, f] of best!) { const s = sums.get(n) ?? [0, 0, 0]; s[0] += d; s[1]++; s[2] += f; sums.set(n, s); }
let total = 0, mm = 0, fl = 0;
for (const [n, [d, c, f]] of [...sums].sort((a, b) => b[1][0] - a[1][0])) { total += d; if (f) { mm += d; fl += f; } console.log(d.toFixed(2).padStart(8), String(c).padStart(4), n, f ? (f / d / 1e6).toFixed(1) + " GFLOP/s" : ""); }
console.log("calls", best!.length, "kernels", total.toFixed(1), "matmul", mm.toFixed(1), (fl / 1e9).toFixed(2), "GFLOP", (fl / mm / 1e6).toFixed(1), "GFLOP/s; best step", bestStep.toFixed(1));
