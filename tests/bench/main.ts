import { parseArgs } from "node:util";
import { benchTrain, tableOf } from "./train.ts";

const usage = `npm run -s bench -- train [--json] [--width N]... [--threads N]

Milliseconds of one training step of a small Flamingo on the wasm device, and of PyTorch beside it, in turn, where a
python3 has torch.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    width: { type: "string", multiple: true, default: ["128", "256"] },
    threads: { type: "string", default: "2" },
  },
});
if (values.help || positionals.length !== 1 || positionals[0] !== "train") {
  (values.help ? console.log : console.error)(usage);
  process.exit(values.help ? 0 : 2);
}
const rows = await benchTrain(values.width.map(Number), Number(values.threads));
console.log(values.json ? JSON.stringify(rows, undefined, 2) : tableOf(rows));
