import { argv } from "node:process";

/** What can be measured. Each takes the words after its name and prints a table, or with `--json` what is in it. */
const benches: Record<string, { summary: string; load(): Promise<(args: string[]) => Promise<void>> }> = {
  editor: {
    summary: "the editor with 200 and 1,000 nodes in Chromium, plain React Flow beside it",
    load: async () => (await import("./editor.ts")).main,
  },
  "few-shot": {
    summary: "the few-shot curves of runs with different seeds, side by side and together",
    load: async () => (await import("./fewShot.ts")).main,
  },
  generate: {
    summary: "tokens a second of generation, of a tiny and a 125M model, PyTorch beside it",
    load: async () => (await import("./generate.ts")).main,
  },
  gpu: {
    summary: "products and a training step on webgpu, checked first, PyTorch on CUDA beside it",
    load: async () => (await import("./gpu.ts")).main,
  },
  "gpu-pack": {
    summary: "packs the benchmark gpu for a machine that has a GPU and reaches no package registry",
    load: async () => (await import("./gpuPack.ts")).main,
  },
  inspect: {
    summary: "what watching costs: windows of long series, appends, probes as a share of a step",
    load: async () => (await import("./inspect.ts")).main,
  },
  language: {
    summary: "bits per byte of the studio's language models on held-out text",
    load: async () => (await import("./language.ts")).main,
  },
  leak: {
    summary: "tensors before and after 10,000 training steps",
    load: async () => (await import("./leak.ts")).main,
  },
  kernel: {
    summary: "start, cells and completion of the notebook kernel, tslab, Deno and ipykernel beside it",
    load: async () => (await import("./kernel.ts")).main,
  },
  loader: {
    summary: "images a second of the source WebDataset, webdataset with PyTorch's DataLoader beside it",
    load: async () => (await import("./loader.ts")).main,
  },
  open: {
    summary: "a folder of OPT-125M's shape opened, and a first token, transformers beside it",
    load: async () => (await import("./openModel.ts")).main,
  },
  template: {
    summary: "one training step of the template, PyTorch beside it",
    load: async () => (await import("./template.ts")).main,
  },
  train: {
    summary: "one training step of a small Flamingo on wasm, PyTorch beside it",
    load: async () => (await import("./train.ts")).main,
  },
};

const list = Object.entries(benches).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
const usage = `npm run -s bench [-- WHAT] [--json] [--help]

Without WHAT, the smallest of train, template and generate, in one table.

${list.join("\n")}`;

const [name, ...args] = argv.slice(2);
if (name === undefined || name.startsWith("-")) await (await import("./short.ts")).main(argv.slice(2), usage);
else if (Object.hasOwn(benches, name)) await (await benches[name]!.load())(args);
else {
  console.error(usage);
  process.exitCode = 2;
}
