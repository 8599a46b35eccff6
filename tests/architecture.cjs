/**
 * Who may import whom, checked by dependency-cruiser: arrows go down only, nothing goes in circles, only the engine
 * knows TensorFlow.js, and what a browser runs needs nothing but a browser.
 */

const { builtinModules } = require("node:module");

/** All that a pipeline is made of, without what carries it out. */
const library = [
  "src/core",
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

/** What each folder may import besides itself, from the bottom up. */
const mayImport = {
  "src/core": [],
  "src/engine": ["src/core"],
  "src/weights": ["src/core"],
  "src/data": ["src/core"],
  "src/pipeline": ["src/core"],
  "src/runs": ["src/core", "src/pipeline", "src/figures", "src/channels"],
  "src/figures": ["src/core"],
  "src/channels": ["src/core", "src/figures"],
  "src/blocks": ["src/core", "src/engine"],
  "src/models": ["src/core", "src/engine", "src/weights", "src/blocks"],
  "src/training": ["src/core", "src/engine", "src/weights", "src/data", "src/runs", "src/blocks", "src/models"],
  "src/inspection": [
    "src/core",
    "src/engine",
    "src/weights",
    "src/pipeline",
    "src/channels",
    "src/blocks",
    "src/models",
  ],
  "src/evaluation": [
    "src/core",
    "src/engine",
    "src/weights",
    "src/data",
    "src/channels",
    "src/runs",
    "src/blocks",
    "src/models",
  ],
  "src/execution": library,
  "editor/shared": ["src/core", "src/pipeline", "src/channels", "src/runs"],
  "editor/server": [
    "src/core",
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
    "src/pipeline",
    "src/figures",
    "src/channels",
    "src/runs",
    "kernel/nbformat",
    "editor/shared",
  ],
  "kernel/cell": ["src/core"],
  "kernel/protocol": ["src/core"],
  "kernel/wire": ["src/core", "kernel/cell", "kernel/protocol"],
  "kernel/engine": ["src/core", "kernel/cell"],
  "kernel/display": [...library, "kernel/cell"],
  "kernel/notebook": [...library, "src/execution", "src/index.ts", "kernel/cell", "kernel/display"],
  "kernel/types": [...library, "src/execution", "kernel/engine"],
  "kernel/session": ["src/core", "kernel/cell", "kernel/protocol", "kernel/wire", "kernel/engine", "kernel/display"],
  "kernel/nbformat": ["src/core"],
  "kernel/client": ["src/core", "kernel/protocol", "kernel/nbformat"],
};

const ours = "^(src|editor|kernel|notebooks)/";

const arrows = Object.entries(mayImport).map(([folder, below]) => ({
  name: `${folder}-imports-down-only`,
  comment: `${folder} may import ${below.join(", ") || "none of our other folders"}`,
  severity: "error",
  from: { path: `^${folder}/` },
  to: { path: ours, pathNot: [folder, ...below].map((allowed) => `^${allowed}(/|$)`) },
}));

/** Folders that also run in the browser, and the packages that they may load there. */
const browserPackages = {
  "src/core": ["zod"],
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
      from: { pathNot: "^(src/command|tests)/" },
      to: { path: "^src/command/" },
    },
    {
      name: "nothing-shipped-needs-a-development-package",
      severity: "error",
      from: { path: ours },
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
    exclude: { path: "^src/engine/devices/wasm/kernels/|^tests/fixtures/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
  },
};
