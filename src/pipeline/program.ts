import type { GraphNode } from "../graph/graph.ts";
import type { Pipeline } from "./schema.ts";

/** How a run was asked for, which its numbers follow from. */
export interface ProgramRun {
  seed: number;
  steps?: number | undefined;
}

/**
 * A pipeline as a TypeScript program that builds it with `PipelineBuilder` and runs it: what it builds is the same pipeline, so the same
 * seed on the same device gives the same numbers.
 */
export function pipelineProgram(pipeline: Pipeline, { seed, steps }: ProgramRun = { seed: 0 }): string {
  const names = variableNames(Object.keys(pipeline.nodes));
  const ids = Object.keys(pipeline.nodes);
  const isKnown = (id: string) => Object.hasOwn(pipeline.nodes, id);
  const end = ([node, port]: readonly [string, string], side: "output" | "input") =>
    isKnown(node) ? `${names.get(node)}.${side}(${json(port)})` : json([node, port]);
  const { notes, groups } = pipeline.view;
  const isNamed = (id: string) => pipeline.edges.some(({ from, to }) => from[0] === id || to[0] === id);
  const sections = [
    [
      `// ${oneLine(pipeline.name)}, written by Flamingo Studio. Where flamingo-studio is installed: npx tsx THIS-FILE.ts`,
      'import { PipelineBuilder, runPipeline } from "flamingo-studio";',
    ],
    [
      `const pipeline = new PipelineBuilder(${json(pipeline.name)}${pipeline.description ? `, ${json(pipeline.description)}` : ""});`,
    ],
    Object.entries(pipeline.blocks).map(([name, graph]) => `pipeline.block(${json(name)}, ${json(graph)});`),
    ids.map((id) => {
      const made = `pipeline.add(${json(id)}, ${json(nodeOf(pipeline.nodes[id]!))});`;
      return isNamed(id) ? `const ${names.get(id)} = ${made}` : made;
    }),
    pipeline.edges.map(({ from, to }) => `pipeline.connect(${end(from, "output")}, ${end(to, "input")});`),
    Object.keys(pipeline.view.positions).length > 0 ? [`pipeline.place(${json(pipeline.view.positions)});`] : [],
    notes || groups ? [`pipeline.annotate(${json({ notes, groups })});`] : [],
    [
      `const run = await runPipeline(pipeline.build(), { seed: ${seed}${steps === undefined ? "" : `, steps: ${steps}`}, print: true });`,
      "console.log(`The run is in $" + "{run.folder}`);",
    ],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** A node as it is written: an empty configuration goes without saying. */
function nodeOf({ config, ...rest }: GraphNode): object {
  return Object.keys(config).length > 0 ? { ...rest, config } : rest;
}

/** Words that are no names of variables in a module, or are names of the program's own. */
const taken = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static super switch " +
    "this throw true try typeof var void while with yield undefined NaN Infinity console pipeline run runPipeline PipelineBuilder"
  ).split(" "),
);

/** A variable for each id: `layers.0` is `layers_0`. */
function variableNames(ids: readonly string[]): Map<string, string> {
  const used = new Set(taken);
  return new Map(
    ids.map((id) => {
      const stem = id.replace(/\W/g, "_");
      let name = stem;
      for (let count = 2; used.has(name); count++) name = `${stem}_${count}`;
      used.add(name);
      return [id, name];
    }),
  );
}

/** A value as TypeScript: JSON with keys bare where they can be, in several lines where one would be long. */
function json(value: unknown, indent = ""): string {
  if (typeof value === "string")
    return JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((each) => json(each, deeper))
    : Object.entries(value)
        .filter(([, each]) => each !== undefined)
        .map(([key, each]) => `${keyOf(key)}: ${json(each, deeper)}`);
  if (parts.length === 0) return isList ? "[]" : "{}";
  const line = isList ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  if (line.length + indent.length <= 110 && !line.includes("\n")) return line;
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  return `${open}\n${parts.map((part) => `${deeper}${part},\n`).join("")}${indent}${close}`;
}

/** `__proto__: x` would set an object's prototype; all else may stand bare where it is a name. */
function keyOf(key: string): string {
  return /^[a-zA-Z_$][\w$]*$/.test(key) && key !== "__proto__" ? key : json(key);
}

/** A name of a person's, so that it cannot end the comment that it stands in. */
function oneLine(text: string): string {
  return text.replace(/[\s\u2028\u2029]+/g, " ");
}
