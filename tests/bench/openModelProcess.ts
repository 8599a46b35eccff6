import { findBlock } from "../../src/core/registry.ts";
import { type DeviceName, openDevice } from "../../src/engine/devices/device.ts";
import { type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { build } from "../../src/models/build.ts";
import { openModel } from "../../src/models/modelFiles.ts";

/** Opens a folder of transformers and says the first token after a prompt, then tells how long it took and how much memory. */
const [folder, device] = process.argv.slice(2) as [string, DeviceName];
const prompt = [2, 100, 200, 300];

await openDevice(device);
const began = performance.now();
const { block, ...from } = openModel({ path: folder });
const model = build(findBlock(block.type)!, block.config ?? {}, { from });
const opened = performance.now();
const logits = tidy(() => (model({ ids: tensor(prompt, [1, prompt.length], "int32") }) as unknown as Tensor).clone());
const numbers = await logits.data();
const last = [...numbers.slice(-logits.shape.at(-1)!)];
const token = last.reduce((best, value, id) => (value > last[best]! ? id : best), 0);
const ended = performance.now();
const parameters = model.weights.all().reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ open: opened - began, token: ended - opened, said: token, parameters, peak }));
process.exit(0);
