import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const project = resolve(here, "../..");

/** Beside the project where several projects share it: packs Node, Dawn and the Vulkan loader as well. */
const sharedPacker = resolve(project, "../shared/gpu/pack.sh");

const usage = `npm run -s bench -- gpu-pack

Packs the benchmark \`gpu\` with Node and Dawn into .gpu/, for a machine that has a GPU and reaches no package registry (x86-64 Linux). There,
from the folder that holds .gpu/, one command checks and measures, and writes gpu.json and gpu.log into $OUT or the current folder:

  bash .gpu/measure.sh`;

export async function main(args: string[]): Promise<void> {
  if (parseArgs({ args, options: { help: { type: "boolean" } } }).values.help) return console.log(usage);
  const folder = join(project, "dist/gpu");
  rmSync(folder, { recursive: true, force: true });
  await bundle(folder);
  const packed = join(project, ".gpu");
  rmSync(packed, { recursive: true, force: true });
  if (existsSync(sharedPacker)) {
    // In the bundle's folder: it notes what it makes in .git/info, which a worktree does not have.
    mkdirSync(join(folder, ".git/info"), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
    execFileSync("bash", [sharedPacker, "gpu.mjs", "peers", "measure.sh"], { cwd: folder, stdio: "inherit" });
    renameSync(join(folder, ".gpu"), packed);
  } else pack(folder, packed);
  console.log(
    `packed into ${packed}; on the machine with the GPU, from the folder that holds .gpu/: bash .gpu/measure.sh`,
  );
}

/** Makes the benchmark one file that needs only Node and the package `webgpu`, with its twin in PyTorch and what starts it. */
export async function bundle(folder: string): Promise<void> {
  await build({
    stdin: { contents: 'import { main } from "./gpu.ts"; await main(process.argv.slice(2));', resolveDir: here },
    ...{ bundle: true, platform: "node", format: "esm", target: "node20", outfile: join(folder, "gpu.mjs") },
    external: ["webgpu", "assemblyscript"],
    // TensorFlow.js' packages ask for Node's modules as CommonJS does.
    banner: { js: 'import { createRequire as from } from "node:module"; const require = from(import.meta.url);' },
    ...{ minifySyntax: true, minifyWhitespace: true, legalComments: "none", logLevel: "warning" }, // names stay: TensorFlow.js asks for those of classes
  });
  mkdirSync(join(folder, "peers"), { recursive: true });
  for (const file of ["peers/toy_torch.py", "peers/blas.py"]) copyFileSync(join(here, file), join(folder, file));
  writeFileSync(join(folder, "measure.sh"), measureScript, { mode: 0o755 });
}

const measureScript = `#!/usr/bin/env bash
# Checks and measures webgpu on this machine's GPU: gpu.json and gpu.log go to $OUT, or to the current folder.
# Words after it are handed on: --only products, --minutes 5.
set -o pipefail
out=$(realpath "\${OUT:-.}")
cd "$(dirname "\${BASH_SOURCE[0]}")/.."
. .gpu/unpack.sh
node /tmp/gpu/gpu.mjs --out "$out/gpu.json" "$@" 2>&1 | tee "$out/gpu.log"
`;

/** The same as the shared packer, but for the Vulkan loader, which the machine must have. */
function pack(bundled: string, packed: string): void {
  cpSync(bundled, packed, { recursive: true });
  const webgpu = join(project, "node_modules/webgpu");
  const target = join(packed, "node_modules/webgpu");
  mkdirSync(target, { recursive: true });
  for (const file of ["package.json", "index.js"]) copyFileSync(join(webgpu, file), join(target, file));
  const compress = (from: string, to: string) =>
    writeFileSync(join(packed, to), gzipSync(readFileSync(from), { level: 9 }));
  compress(process.execPath, "node.gz");
  compress(join(webgpu, "dist/linux-x64/dawn.node"), "dawn.node.gz");
  writeFileSync(join(packed, "unpack.sh"), unpackScript);
}

const unpackScript = `# Source this on the GPU machine, from the folder that holds .gpu/: it puts Node on the PATH, and all that was packed under /tmp/gpu.
mkdir -p /tmp/gpu/bin /tmp/gpu/node_modules/webgpu/dist/linux-x64
gzip -dc .gpu/node.gz > /tmp/gpu/bin/node && chmod +x /tmp/gpu/bin/node
cp -r .gpu/node_modules .gpu/peers .gpu/gpu.mjs /tmp/gpu/
gzip -dc .gpu/dawn.node.gz > /tmp/gpu/node_modules/webgpu/dist/linux-x64/dawn.node
export PATH=/tmp/gpu/bin:$PATH
`;
