import { createHash } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { bundles, latestFile, stampOf } from "./bundle.js";

// A process of its own, which goes on when the kernel that started it ends.

/** Earlier bundles that stay, for kernels that run. */
const kept = 5;

const root = dirname(dirname(import.meta.dirname));

/** A source takes itself to be where it lies: what it needs is beside it. */
const ownPlaces: Plugin = {
  name: "own places",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (path.includes("/node_modules/")) return undefined;
      const contents = (await readFile(path, "utf8"))
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)));
      return { contents, loader: "ts" };
    });
  },
};

/** What reads messages has a zod of its own, for the package is a hundred files; the library has the one that cells import. */
const ownZod: Plugin = {
  name: "own zod",
  setup({ onResolve }) {
    const path = fileURLToPath(import.meta.resolve("zod"));
    onResolve({ filter: /^zod$/ }, ({ importer }) =>
      importer.startsWith(join(root, "kernel/protocol/")) ? { path } : undefined,
    );
  },
};

const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  metafile: true,
  sourcemap: true,
  sourcesContent: false,
  plugins: [ownPlaces, ownZod],
};

const building = `${bundles}${process.pid}.new`;
try {
  const outputs = [
    // The thread of the sockets shares nothing with the others.
    { entryPoints: { worker: "kernel/wire/worker.ts" } },
    { entryPoints: { main: "kernel/main.ts", startCompilers: "kernel/startCompilers.ts" }, splitting: true },
  ];
  const paths = new Set(["package-lock.json", "kernel/bundle/build.ts"]);
  for (const output of outputs) {
    const { metafile } = await build({ ...options, ...output, outdir: building });
    for (const path of Object.keys(metafile!.inputs)) if (!path.startsWith("node_modules/")) paths.add(path);
  }
  const inputs = [...paths].map((path) => [path, stampOf(path)]);
  const name = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
  if (!existsSync(bundles + name)) renameSync(building, bundles + name);
  const latest = `${latestFile}.${process.pid}`;
  writeFileSync(latest, JSON.stringify({ name, inputs }));
  renameSync(latest, latestFile);
  const time = (folder: string) => statSync(bundles + folder).mtimeMs;
  const others = readdirSync(bundles).filter((each) => !each.includes(".") && each !== name);
  for (const old of others.sort((a, b) => time(b) - time(a)).slice(kept)) rmSync(bundles + old, { recursive: true });
} finally {
  rmSync(building, { recursive: true, force: true });
}
