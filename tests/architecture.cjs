/**
 * Who may import whom, checked by dependency-cruiser: arrows go down only, nothing goes in circles, only the engine
 * knows TensorFlow.js, and what a browser runs needs nothing but a browser.
 */

const { existsSync, readdirSync } = require("node:fs");
const { builtinModules } = require("node:module");
const { join } = require("node:path");

/** All that a pipeline is made of, without what carries it out. */
const library = [
  "src/package",
  "src/core",
  "src/files",
  "src/graph",
  "src/engine",
  "src/weights",
  "src/data",
  "src/pipeline",
  "src/figures",
  "src/channels",
  "src/runs",
  "src/blocks",
  "src/models",
  "src/training",
  "src/inspection",
  "src/evaluation",
];

/** What each folder, and each module beside the folders, may import besides itself, from the bottom up. */
const mayImport = {
  "src/core": [],
  "src/files": [],
  "src/package": [],
  "src/graph": ["src/core"],
  "src/engine": ["src/core", "src/files", "src/package"],
  "src/weights": ["src/core", "src/files"],
  "src/data": ["src/core", "src/files", "src/package"],
  "src/pipeline": ["src/core", "src/graph"],
  "src/runs": ["src/core", "src/graph", "src/files", "src/pipeline", "src/figures", "src/channels"],
  "src/figures": ["src/core"],
  "src/channels": ["src/core", "src/figures"],
  "src/blocks": ["src/core", "src/engine"],
  "src/models": ["src/core", "src/files", "src/engine", "src/weights", "src/blocks"],
  "src/training": ["src/core", "src/engine", "src/weights", "src/data", "src/runs", "src/blocks", "src/models"],
  "src/inspection": [
    "src/core",
    "src/engine",
    "src/graph",
    "src/weights",
    "src/pipeline",
    "src/channels",
    "src/blocks",
    "src/models",
  ],
  "src/evaluation": [
    "src/core",
    "src/graph",
    "src/engine",
    "src/weights",
    "src/data",
    "src/channels",
    "src/pipeline",
    "src/inspection",
  ],
  "src/execution": library,
  "src/index.ts": [...library, "src/execution"],
  "editor/shared": ["src/core", "src/graph", "src/pipeline", "src/channels", "src/runs"],
  "editor/server": [
    "src/core",
    "src/files",
    "src/graph",
    "src/package",
    "src/pipeline",
    "src/channels",
    "src/runs",
    "src/execution",
    "kernel/protocol",
    "kernel/client",
    "kernel/nbformat",
    "editor/shared",
  ],
  "editor/client": [
    "src/core",
    "src/graph",
    "src/pipeline",
    "src/figures",
    "src/channels",
    "src/runs",
    "kernel/protocol",
    "kernel/nbformat",
    "editor/shared",
  ],
  "kernel/cell": ["src/core"],
  "kernel/protocol": ["src/core"],
  "kernel/wire": ["src/core", "src/package", "kernel/cell", "kernel/protocol"],
  "kernel/compiler": [],
  "kernel/interpreter": ["src/core", "kernel/cell", "kernel/protocol", "kernel/compiler"],
  "kernel/display": [...library, "kernel/cell"],
  "kernel/notebook": [...library, "src/execution", "src/index.ts", "kernel/cell", "kernel/display"],
  "kernel/types": [...library, "src/execution", "kernel/compiler"],
  "kernel/session": [
    "src/core",
    "src/files",
    "kernel/cell",
    "kernel/protocol",
    "kernel/wire",
    "kernel/compiler",
    "kernel/interpreter",
    "kernel/display",
  ],
  "kernel/nbformat": ["src/core"],
  "kernel/client": ["src/core", "kernel/protocol", "kernel/nbformat"],
  "kernel/install.ts": ["src/core", "src/files", "src/runs", "kernel/protocol", "kernel/client"],
  "kernel/main.ts": ["src/engine", "kernel"],
  "kernel/startCompilers.ts": ["kernel/interpreter", "kernel/types"],
  "kernel/bundle": [],
  "editor/vite.config.ts": [],
  "editor/build.ts": ["src/package", "editor/vite.config.ts"],
  "src/command": [
    ...[
      "src/core",
      "src/files",
      "src/package",
      "src/engine",
      "src/blocks",
      "src/pipeline",
      "src/figures",
      "src/channels",
      "src/runs",
    ],
    ...["src/execution", "kernel/client", "kernel/nbformat", "kernel/types", "kernel/install.ts"],
    ...["editor/shared", "editor/server", "editor/build.ts"],
  ],
  "src/build": ["src/package", "src/engine", "src/data", "src/command", "kernel/types"],
};

const ours = "^(src|editor|kernel|notebooks)/";

const root = join(__dirname, "..");
for (const folder of ["src", "editor", "kernel"])
  for (const { name } of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${name}`;
    const hasCode = /\.tsx?$/.test(name) || (!name.includes(".") && containsCode(join(root, path)));
    if (hasCode && !(path in mayImport))
      throw new Error(`${path} has no rule: say in mayImport of tests/architecture.cjs what it may import`);
  }
for (const path of Object.keys(mayImport))
  if (!existsSync(join(root, path)))
    throw new Error(`mayImport of tests/architecture.cjs has ${path}, which is not there`);

function containsCode(folder) {
  return readdirSync(folder, { recursive: true }).some((name) => /\.tsx?$/.test(name));
}

const arrows = Object.entries(mayImport).map(([folder, below]) => ({
  name: `${folder}-imports-down-only`,
  comment: `${folder} may import ${below.join(", ") || "none of our other folders"}`,
  severity: "error",
  from: { path: `^${folder}(/|$)` },
  to: { path: ours, pathNot: [folder, ...below].map((allowed) => `^${allowed}(/|$)`) },
}));

/** What loads TypeScript, and what builds the parts that the package has built. */
const onlyInCheckouts = [
  "^editor/(build|vite\\.config)\\.ts$",
  "^kernel/(flamingo-kernel\\.js|wire/start\\.cjs|bundle/.*)$",
  "^src/build/",
  "^src/command/flamingo\\.js$",
  "^src/engine/devices/wasm/build\\.ts$",
  "^src/package/thread\\.js$",
];

/** Folders that also run in the browser, and the packages that they may load there. */
const browserPackages = {
  "src/core": ["zod"],
  "src/graph": ["zod"],
  "src/pipeline": ["zod"],
  "src/figures": ["zod"],
  "src/channels": ["zod"],
  "editor/shared": ["zod"],
  "kernel/nbformat": ["zod"],
  "editor/client": [
    "zod",
    "react",
    "react-dom",
    "@xyflow/react",
    "zustand",
    "socket.io-client",
    "plotly.js.*",
    "@codemirror/[^/]+",
    "@lezer/highlight",
    "@jupyterlab/services",
    "marked",
    "dompurify",
    "katex",
  ],
};

const inBrowser = Object.entries(browserPackages).map(([folder, packages]) => ({
  name: `${folder}-runs-in-the-browser`,
  comment: `${folder} may load ${packages.join(", ")}, and nothing of Node's`,
  severity: "error",
  from: { path: `^${folder}/` },
  to: {
    dependencyTypesNot: ["local", "type-only"],
    pathNot: [`node_modules/(${packages.join("|")})/`, "node_modules/@types/", ours],
  },
}));

module.exports = {
  forbidden: [
    ...arrows,
    ...inBrowser,
    {
      name: "the-client-reaches-no-node-and-no-tensorflow",
      comment: "over whatever path: src/runs has files that write logs beside the reducer that the browser runs",
      severity: "error",
      from: { path: "^editor/client/" },
      to: { path: [`^(node:)?(${builtinModules.join("|")})$`, "@tensorflow/"], reachable: true },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "only-the-engine-knows-tensorflow",
      severity: "error",
      from: { path: ours, pathNot: "^src/engine/" },
      to: { path: "@tensorflow/" },
    },
    {
      name: "nothing-imports-tests",
      severity: "error",
      from: { pathNot: "^tests/" },
      to: { path: "^tests/" },
    },
    {
      name: "nothing-imports-commands",
      severity: "error",
      from: { pathNot: "^(src/command|src/build|tests)/" },
      to: { path: "^src/command/" },
    },
    {
      name: "nothing-imports-the-package's-build",
      severity: "error",
      from: { pathNot: "^(src/build|tests)/" },
      to: { path: "^src/build/" },
    },
    {
      name: "nothing-shipped-needs-a-development-package",
      comment: "the page comes bundled; the rest of what is left out here only a checkout runs",
      severity: "error",
      from: { path: ours, pathNot: ["^editor/client/", ...onlyInCheckouts] },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "node_modules/@types/" },
    },
    {
      name: "everything-resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^src/engine/devices/wasm/kernels/|^tests/fixtures/|(^|/)dist/package/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  },
};
