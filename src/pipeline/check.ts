import { z } from "zod";
import type { Catalog, CatalogEntry } from "../core/catalog.ts";
import type { ErrorReport } from "../core/errors.ts";
import { ancestors, topologicalOrder } from "./order.ts";
import type { Pipeline, PipelineEdge } from "./schema.ts";
import { solveShapes } from "./solve.ts";

/** Something wrong with a pipeline, and where: at a node or on an edge. */
export interface Problem extends ErrorReport {
  node?: string;
  /** Index of the edge in the pipeline. */
  edge?: number;
}

/** Everything that is wrong with a pipeline, in the order a person would mend it. Empty when it can be compiled. */
export function checkPipeline(pipeline: Pipeline, catalog: Catalog): Problem[] {
  const problems = [...checkNodes(pipeline, catalog), ...checkEdges(pipeline, catalog)];
  const { cycle } = topologicalOrder(pipeline);
  if (cycle) problems.push(cycleProblem(cycle));
  for (const [edge, report] of solveShapes(pipeline, catalog).conflicts)
    problems.push({ ...report, edge, node: report.block! });
  problems.push(...checkRequired(pipeline, catalog));
  return problems;
}

/**
 * Whether a wire may be drawn, and if not, why: the first of the reasons that hold. The same answer colours the port
 * under the mouse, refuses the drop, and refuses the file.
 */
export function checkConnection(pipeline: Pipeline, edge: PipelineEdge, catalog: Catalog): Problem | undefined {
  const grown = { ...pipeline, edges: [...pipeline.edges, edge] };
  const index = pipeline.edges.length;
  const problem = checkEdges(grown, catalog).find((found) => found.edge === index);
  if (problem) return problem;
  const before = ancestors(pipeline.edges, [edge.from[0]]);
  if (before.has(edge.to[0])) {
    const { cycle } = topologicalOrder({ ...grown, edges: grown.edges.filter(({ to }) => before.has(to[0])) });
    return { ...cycleProblem(cycle!), edge: index };
  }
  const report = solveShapes(grown, catalog).conflicts.get(index);
  return report ? { ...report, edge: index, node: edge.to[0] } : undefined;
}

/** Schemas by entry: making one takes longer than using it, and a pipeline is checked at every change. */
const schemas = new WeakMap<CatalogEntry, z.ZodType>();

function schemaOf(entry: CatalogEntry): z.ZodType {
  const known = schemas.get(entry);
  if (known) return known;
  const schema = z.fromJSONSchema(entry.config as Parameters<typeof z.fromJSONSchema>[0]);
  schemas.set(entry, schema);
  return schema;
}

/** Checks a configuration against the catalog's JSON Schema, and says what field is wrong. */
export function checkConfig(entry: CatalogEntry, config: Record<string, unknown>): ErrorReport | undefined {
  const result = schemaOf(entry).safeParse(config);
  if (result.success) return undefined;
  const issue = result.error.issues[0]!;
  const field = issue.path.join(".");
  const message = field ? `config.${field} of ${entry.name}: ${issue.message}` : `${entry.name}: ${issue.message}`;
  const fields = Object.keys(entry.config.properties ?? {}).join(", ") || "none";
  const fix =
    issue.code === "unrecognized_keys" ? `use only these fields: ${fields}` : `change ${field || "the configuration"}`;
  return { code: "INVALID_CONFIG", block: entry.name, message, fix };
}

function checkNodes(pipeline: Pipeline, catalog: Catalog): Problem[] {
  const problems: Problem[] = [];
  for (const [node, { type, config }] of Object.entries(pipeline.nodes)) {
    const entry = catalog[type];
    if (!entry) {
      const message = `node "${node}" is of type "${type}", which this studio does not have`;
      const fix = `use one of: ${Object.keys(catalog).join(", ")}`;
      problems.push({ code: "UNKNOWN_BLOCK", node, message, fix, actual: type });
      continue;
    }
    const wrong = checkConfig(entry, config);
    if (wrong) problems.push({ ...wrong, node, message: `node "${node}": ${wrong.message}` });
  }
  return problems;
}

function checkEdges(pipeline: Pipeline, catalog: Catalog): Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<string, string>();
  pipeline.edges.forEach((edge, index) => {
    const problem = checkEnds(pipeline, edge, catalog) ?? checkOccupied(edge, taken);
    if (problem) problems.push({ ...problem, edge: index });
    else taken.set(edge.to.join("."), edge.from.join("."));
  });
  return problems;
}

function checkEnds(pipeline: Pipeline, edge: PipelineEdge, catalog: Catalog): Problem | undefined {
  if (edge.from[0] === edge.to[0]) {
    const fix = "wire it to another node";
    return { code: "SELF_CONNECTION", node: edge.to[0], message: `"${edge.to[0]}" is wired to itself`, fix };
  }
  for (const [[id, port], direction] of [
    [edge.from, "outputs"],
    [edge.to, "inputs"],
  ] as const) {
    const node = pipeline.nodes[id];
    if (!node) {
      const fix = "remove the wire, or add the node";
      return { code: "NOT_FOUND", message: `a wire ends at node "${id}", which is not there`, fix };
    }
    const entry = catalog[node.type];
    if (!entry || entry[direction][port]) continue;
    const message = `"${id}" (${node.type}) has no ${direction.slice(0, -1)} "${port}"`;
    const fix = `use one of: ${Object.keys(entry[direction]).join(", ") || "none"}`;
    return { code: "UNKNOWN_PORT", node: id, port, message, fix };
  }
  return checkDType(pipeline, edge, catalog);
}

function checkDType(pipeline: Pipeline, edge: PipelineEdge, catalog: Catalog): Problem | undefined {
  const output = catalog[pipeline.nodes[edge.from[0]]!.type]?.outputs[edge.from[1]];
  const input = catalog[pipeline.nodes[edge.to[0]]!.type]?.inputs[edge.to[1]];
  if (!output || !input || output.dtype === input.dtype) return undefined;
  const message = `input "${edge.to[1]}" of "${edge.to[0]}" takes ${input.dtype}, but output "${edge.from[1]}" of "${edge.from[0]}" gives ${output.dtype}`;
  const fix = `wire an output of ${input.dtype} to it`;
  return {
    code: "DTYPE_MISMATCH",
    node: edge.to[0],
    port: edge.to[1],
    message,
    expected: input.dtype,
    actual: output.dtype,
    fix,
  };
}

function checkOccupied(edge: PipelineEdge, taken: Map<string, string>): Problem | undefined {
  const other = taken.get(edge.to.join("."));
  if (other === undefined) return undefined;
  const [node, port] = edge.to;
  if (other === edge.from.join(".")) {
    return {
      code: "DUPLICATE_EDGE",
      node,
      port,
      message: `"${other}" is wired to "${edge.to.join(".")}" already`,
      fix: "remove one of the two wires",
    };
  }
  const message = `input "${port}" of "${node}" is wired to "${other}" already`;
  return { code: "PORT_OCCUPIED", node, port, message, fix: "remove that wire first" };
}

function checkRequired(pipeline: Pipeline, catalog: Catalog): Problem[] {
  const wired = new Set(pipeline.edges.map((edge) => edge.to.join(".")));
  const problems: Problem[] = [];
  for (const [node, { type }] of Object.entries(pipeline.nodes)) {
    for (const [port, spec] of Object.entries(catalog[type]?.inputs ?? {})) {
      if (spec.optional || wired.has(`${node}.${port}`)) continue;
      const message = `input "${port}" of "${node}" is not wired`;
      problems.push({ code: "MISSING_INPUT", node, port, message, fix: `wire to it: ${spec.doc}` });
    }
  }
  return problems;
}

function cycleProblem(cycle: string[]): Problem {
  const message = `the wires lead in a circle: ${cycle.join(" → ")}`;
  return { code: "CYCLE", node: cycle[0]!, message, fix: "remove one of these wires" };
}
