import { openWasm } from "../src/engine/wasm/backend.ts";
import { drawNumbers, makeToy } from "./bench/toy.ts";
await openWasm({ threads: Number(process.argv[3] ?? 2) });
const width = Number(process.argv[2] ?? 128);
const toy = makeToy(width, 16, drawNumbers(width, 16, 1));
for (let i = 0; i < 5; i++) toy.step();
const t: number[] = [];
for (let i = 0; i < 30; i++) { const s = performance.now(); toy.step(); t.push(performance.now() - s); }
t.sort((a, b) => a - b);
const c = process.cpuUsage(); const n = 30; for (let i = 0; i < n; i++) toy.step(); const d = process.cpuUsage(c); console.log(width, "min", t[0]!.toFixed(1), "median", t[15]!.toFixed(1), "cpu/step", ((d.user + d.system) / 1e3 / n).toFixed(1), "sys", (d.system / 1e3 / n).toFixed(1));
